/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A section kind that the proof does not hook: it must not pass unread. */
#include "planted.h"

SEC("iter.s/task_file")
int planted(struct bpf_iter__task_file *context)
{
	bpf_send_signal(9);
	return 0;
}
