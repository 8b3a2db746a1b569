/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of the flow programs. Nothing here is pinned: everything goes when the agent's last
 * file descriptor closes, however it ends.
 *
 * `connections` is keyed by the address of the socket. An entry lives from connect() or the
 * handshake's end to TCP_CLOSE, so a plain hash with counted refusals serves, and nothing is
 * ever evicted unseen.
 */
#ifndef PROBECTL_FLOW_MAPS_H
#define PROBECTL_FLOW_MAPS_H

#include "../include/flow_counters.h"
#include "../include/flow_record.h"

#define CONNECTIONS_MAX 65536 /* about 210 B each: 13 MiB */
#define OWNERLESS_MAX 16384   /* accepted or queued, nobody used them yet */
#define DATAGRAM_FLOWS_MAX 16384

struct connection {
	struct flow_record record; /* identity and owner; the final counts once `closed` */
	__u8 established;
	__u8 closed;               /* reached TCP_CLOSE while nobody was known to own it */
	__u8 snapshot_sent;
	__u8 _pad[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

/* Sockets whose owner is still to be seen. Deleting the entry is the claim to have seen it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWNERLESS_MAX);
	__type(key, __u64);
	__type(value, __u8);
} ownerless SEC(".maps");

struct datagram_key {
	__u64 socket;
	__u64 inode; /* of the socket: its address is reused soon */
	__u8 remote_address[16];
	__u16 remote_port;
	__u16 local_port;
	__u8 family;
	__u8 _pad[3];
};

_Static_assert(sizeof(struct datagram_key) == 40, "a hash key has no padding of its own");

/* UDP: the value is the record itself, read by the addon at each flush. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DATAGRAM_FLOWS_MAX);
	__type(key, struct datagram_key);
	__type(value, struct flow_record);
} datagram_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024); /* set from ring_buffer_bytes before load */
} flow_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOW_PROGRAMS);
	__type(key, __u32);
	__type(value, struct flow_counters);
} flow_counters SEC(".maps");

#endif
