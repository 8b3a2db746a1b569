/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Calls a function of the kernel itself (kfunc). */
#include "planted.h"

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(planted, const struct sock *sk)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
