/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Hands the kernel a function to call back. */
#include "planted.h"

static int step(__u32 index, void *context)
{
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return bpf_loop(3, step, 0, 0);
}
