/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Decides what a process may do. */
#include "planted.h"

SEC("lsm/socket_connect")
int BPF_PROG(planted, void *socket)
{
	return -1;
}
