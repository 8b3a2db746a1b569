/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A map that can redirect the data of sockets. */
#include "planted.h"

struct {
	__uint(type, 15); /* BPF_MAP_TYPE_SOCKMAP */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return 0;
}
