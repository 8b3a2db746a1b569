/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the addon decides before the load. Constant from then on, so untaken branches vanish. */
#ifndef PROBECTL_FLOW_SETTINGS_H
#define PROBECTL_FLOW_SETTINGS_H

struct flow_settings {
	/* Bytes waiting in the ring from which on the reader is woken sooner. */
	unsigned long long ring_wake_bytes;
	/* Kernel 5.11: bpf_skc_to_tcp_sock and bpf_get_current_task_btf are there; see lib/read.h. */
	unsigned char direct;
	unsigned char _pad[7];
};

#endif
