/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow record: what the flow programs put on the ring and what the iterators write.
 * Owner of the layout. `src/model/flow-record.ts` is the one copy; the addon exports the
 * offsets below and the host captures nothing when the copy differs.
 *
 * Little-endian scalars, addresses in network byte order, ports in host byte order. An
 * IPv4-mapped IPv6 address is stored as IPv4 (first four bytes of the field, rest zero).
 * Counts are cumulative over the connection; the host takes the differences.
 */
#ifndef PROBECTL_FLOW_RECORD_H
#define PROBECTL_FLOW_RECORD_H

enum flow_record_kind {
	FLOW_OPEN = 1,     /* established, and its owner is known */
	FLOW_CLOSE = 2,    /* left every state; the counts are final */
	FLOW_FAILED = 3,   /* connect that never reached ESTABLISHED; `error` says why */
	FLOW_SNAPSHOT = 4, /* still open; written by an iterator, never on the ring */
};

enum flow_role {
	FLOW_ROLE_UNKNOWN = 0,
	FLOW_ROLE_CLIENT = 1,
	FLOW_ROLE_SERVER = 2,
};

enum flow_flags {
	FLOW_FLAG_OPEN_SENT = 1,      /* a FLOW_OPEN of this connection was put on the ring */
	FLOW_FLAG_SNAPSHOT_SENT = 2,  /* a FLOW_SNAPSHOT was written before this record */
	FLOW_FLAG_OWNER_UNKNOWN = 4,  /* no task was ever seen using the socket; pid is 0 */
	FLOW_FLAG_KERNEL_OWNED = 8,   /* the owner is a kernel thread; pid 0, comm "kernel" */
	FLOW_FLAG_PREEXISTING = 16,   /* older than the agent; start_mono_ns is 0 */
	FLOW_FLAG_CGROUP_V1 = 32,     /* cgroup_id is of the v1 memory hierarchy */
	FLOW_FLAG_FOREIGN_NETNS = 64, /* netns of an unprivileged user's making: its addresses are claims */
};

struct flow_record {
	unsigned long long observed_mono_ns;      /*   0 CLOCK_MONOTONIC */
	unsigned long long connection_id;         /*   8 unique while the connection lives */
	unsigned long long start_mono_ns;         /*  16 ESTABLISHED, or connect() when failed */
	unsigned long long bytes_sent;            /*  24 payload, without retransmissions */
	unsigned long long bytes_received;        /*  32 payload, without FIN */
	unsigned long long process_start_boot_ns; /*  40 owner's start, CLOCK_BOOTTIME */
	unsigned long long cgroup_id;             /*  48 inode of the owner's cgroup directory */
	unsigned int packets_sent;                /*  56 segments or datagrams, mod 2^32 */
	unsigned int packets_received;            /*  60 */
	unsigned int srtt_us;                     /*  64 smoothed round-trip time, 0 unknown */
	unsigned int retransmits;                 /*  68 segments retransmitted */
	unsigned int pid;                         /*  72 thread group id, initial pid namespace */
	unsigned int uid;                         /*  76 */
	unsigned int netns;                       /*  80 inode of the socket's network namespace */
	unsigned short local_port;                /*  84 */
	unsigned short remote_port;               /*  86 */
	unsigned char local_address[16];          /*  88 */
	unsigned char remote_address[16];         /* 104 */
	unsigned char kind;                       /* 120 enum flow_record_kind */
	unsigned char family;                     /* 121 4 or 6 */
	unsigned char transport;                  /* 122 IPPROTO_TCP 6 or IPPROTO_UDP 17 */
	unsigned char role;                       /* 123 enum flow_role */
	unsigned short flags;                     /* 124 enum flow_flags */
	unsigned short error;                     /* 126 errno of a failed connect or a reset */
	char comm[16];                            /* 128 owner's command name, NUL-padded */
};                                                /* 144 */

#ifdef __cplusplus
#define _Static_assert static_assert
#endif
_Static_assert(sizeof(struct flow_record) == 144, "flow_record has no padding and 144 bytes");

#endif
