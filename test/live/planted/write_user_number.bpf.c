/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* As write_user, called by its number alone. */
#include "planted.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	__u64 value = 1;

	return ((long (*)(void *, const void *, __u32))36)((void *)0x1000, &value, sizeof(value));
}
