/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* As write_user, its name hidden from a reader of the source. */
#include "planted.h"

#define W bpf_probe_write_user

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	__u64 value = 1;

	return W((void *)0x1000, &value, sizeof(value));
}
