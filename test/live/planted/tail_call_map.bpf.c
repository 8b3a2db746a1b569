/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Could jump to a program that was never proven. */
#include "planted.h"

struct {
	__uint(type, 3); /* BPF_MAP_TYPE_PROG_ARRAY */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	bpf_tail_call(ctx, &jumps, 0);
	return 0;
}
