/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters of the flow programs: one row per program, one copy per CPU, summed by the addon.
 * Owner of the numbers; the addon reads them by these names.
 */
#ifndef PROBECTL_FLOW_COUNTERS_H
#define PROBECTL_FLOW_COUNTERS_H

enum flow_program {
	FLOW_PROGRAM_SET_STATE = 0,
	FLOW_PROGRAM_DESTROY = 1,
	FLOW_PROGRAM_SEND = 2,
	FLOW_PROGRAM_RECEIVE = 3,
	FLOW_PROGRAM_SCAN = 4,
	FLOW_PROGRAMS = 5,
};

struct flow_counters {
	unsigned long long records;      /* put on the ring */
	unsigned long long ring_full;    /* lost: the ring had no room */
	unsigned long long map_full;     /* not tracked: a map had no room */
	unsigned long long peer_unknown; /* datagrams whose peer the hook cannot tell */
	unsigned long long owner_lost;   /* reported without an owner: `ownerless` had no room */
};

#endif
