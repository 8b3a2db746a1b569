/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Replaces functions of the kernel by its own. */
#include "planted.h"

struct tcp_congestion_ops {
	char name[16];
	__u32 (*ssthresh)(struct sock *sk);
};

SEC("struct_ops/planted")
__u32 BPF_PROG(planted, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops planted_ops = {
	.name = "planted",
	.ssthresh = (void *)planted,
};
