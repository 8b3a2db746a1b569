/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Decides the result of a kernel function (fmod_ret). */
#include "planted.h"

SEC("fmod_ret/security_socket_connect")
int BPF_PROG(planted, void *socket)
{
	return -1;
}
