/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Putting records on the ring, and counting what does not fit.
 *
 * Wake-ups cost more than records, so they are rare: one per WAKE_INTERVAL_NS, or
 * WAKE_INTERVAL_FULL_NS when the ring fills. The reader polls on a timer after each wake-up until
 * a whole tick passed without a record, and a tick is longer than the interval, so a record that
 * wakes nobody is read by that timer.
 */
#ifndef PROBECTL_FLOW_EMIT_H
#define PROBECTL_FLOW_EMIT_H

#include "read.h"

#define WAKE_INTERVAL_NS (10 * 1000 * 1000ULL) /* below the reader's tick: src/capture/live.ts */
#define WAKE_INTERVAL_FULL_NS (1000 * 1000ULL)

__u64 last_wake_ns;

static __always_inline void count(__u32 program, __u32 offset)
{
	char *counters = bpf_map_lookup_elem(&flow_counters, &program);

	if (counters) /* atomic: a softirq may run another program inside this one */
		__sync_fetch_and_add((__u64 *)(counters + offset), 1);
}

#define COUNT(program, counter) count(program, __builtin_offsetof(struct flow_counters, counter))

static __always_inline bool emit(__u32 program, struct flow_record *record)
{
	__u64 flags = BPF_RB_NO_WAKEUP;
	__u64 now = bpf_ktime_get_ns();

	if (now - last_wake_ns > WAKE_INTERVAL_NS ||
	    (now - last_wake_ns > WAKE_INTERVAL_FULL_NS &&
	     bpf_ringbuf_query(&flow_ring, BPF_RB_AVAIL_DATA) > settings.ring_wake_bytes)) {
		last_wake_ns = now;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	if (bpf_ringbuf_output(&flow_ring, record, sizeof(*record), flags)) {
		COUNT(program, ring_full);
		return false;
	}
	COUNT(program, records);
	return true;
}

/*
 * One CPU does not read the same nanosecond twice, so this differs from every other live
 * connection's. The shift loses the top of an uptime beyond 208 days, which costs nothing.
 */
static __always_inline __u64 new_connection_id(__u64 start_mono_ns)
{
	return start_mono_ns << 10 | (bpf_get_smp_processor_id() & 1023);
}

#endif
