/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Makes a kernel function return what the program says. */
#include "planted.h"

SEC("kprobe/should_failslab")
int planted(struct pt_regs *context)
{
	return bpf_override_return(context, -12);
}
