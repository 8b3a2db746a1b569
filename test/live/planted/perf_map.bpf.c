/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A map type outside the list. */
#include "planted.h"

struct {
	__uint(type, 4); /* BPF_MAP_TYPE_PERF_EVENT_ARRAY */
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return 0;
}
