/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Reads only, but a function of the kernel is rewritten to call it. */
#include "planted.h"

SEC("fentry/tcp_v4_connect")
int BPF_PROG(planted, struct sock *sk)
{
	return 0;
}
