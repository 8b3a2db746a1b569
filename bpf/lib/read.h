/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a field of a kernel structure. Where the verifier knows the pointer's type (arguments
 * of a tracepoint, what some helpers return) it is one load; elsewhere, and before kernel 5.11,
 * a call of bpf_probe_read_kernel, which costs ten times as much. DIRECT is a constant to the
 * verifier, so only one of the two is ever verified.
 */
#ifndef PROBECTL_READ_H
#define PROBECTL_READ_H

#include "../include/flow_settings.h"

const volatile struct flow_settings settings = {.ring_wake_bytes = 4 * 1024 * 1024};

#define READ(direct, pointer, field) ((direct) ? (pointer)->field : BPF_CORE_READ(pointer, field))

/* The TCP side of a socket, null for another protocol's; DIRECT as for READ. */
static __always_inline const struct tcp_sock *tcp_of(const struct sock *sk, bool direct)
{
	return direct ? bpf_skc_to_tcp_sock((void *)sk) : (const struct tcp_sock *)sk;
}

static __always_inline struct task_struct *current_task(bool direct)
{
	return direct ? bpf_get_current_task_btf() : (struct task_struct *)bpf_get_current_task();
}

#endif
