/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Calls write_user through a pointer that is known only when it runs. */
#include "planted.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	long (*volatile call)(void *, const void *, __u32) = bpf_probe_write_user;
	__u64 value = 1;

	return call((void *)0x1000, &value, sizeof(value));
}
