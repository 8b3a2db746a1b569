/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Decides about packets before the network stack. */
#include "planted.h"

struct xdp_md;

SEC("xdp")
int planted(struct xdp_md *context)
{
	return 1; /* XDP_DROP */
}
