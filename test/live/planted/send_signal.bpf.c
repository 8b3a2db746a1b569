/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Kills the process that it runs in. */
#include "planted.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return bpf_send_signal(9);
}
