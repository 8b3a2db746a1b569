/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Decides about packets in the network stack. */
#include "planted.h"

struct __sk_buff;

SEC("tc")
int planted(struct __sk_buff *packet)
{
	return 2; /* TC_ACT_SHOT */
}
