/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* As write_user, in a global function, which the kernel verifies on its own. */
#include "planted.h"

__noinline int note(__u64 value)
{
	return bpf_probe_write_user((void *)0x1000, &value, sizeof(value));
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return note(1);
}
