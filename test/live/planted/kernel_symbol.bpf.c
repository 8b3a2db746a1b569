/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Holds the address of a variable of the kernel. */
#include "planted.h"

extern const int bpf_prog_active __ksym;

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	return bpf_this_cpu_ptr(&bpf_prog_active) != 0;
}
