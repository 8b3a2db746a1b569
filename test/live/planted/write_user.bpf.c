/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Writes into the memory of a process. */
#include "planted.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	__u64 value = 1;

	return bpf_probe_write_user((void *)0x1000, &value, sizeof(value));
}
