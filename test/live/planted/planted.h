/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Start of every planted program: the product's own kernel types, so that a plant differs from
 * a shipped program in its one forbidden thing alone. Each is called `planted`.
 */
#include "include/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";
