/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Nothing forbidden: what is refused beside it is refused for what it does. */
#include "planted.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &zero);

	if (count)
		*count += BPF_CORE_READ(sk, sk_protocol);
	return 0;
}
