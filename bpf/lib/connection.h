/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of a TCP connection in the `connections` map, and who is told of it. */
#ifndef PROBECTL_CONNECTION_H
#define PROBECTL_CONNECTION_H

#include "flow_emit.h"
#include "owner.h"
#include "socket.h"

/* How many sockets wait for their owner: while none does, a send or receive costs one load. */
__u64 ownerless_count;

static __always_inline void begin(struct connection *fresh, __u8 role)
{
	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->record.start_mono_ns = bpf_ktime_get_ns();
	fresh->record.connection_id = new_connection_id(fresh->record.start_mono_ns);
	fresh->record.transport = IPPROTO_TCP;
	fresh->record.role = role;
	fresh->record.flags = FLOW_FLAG_OWNER_UNKNOWN;
}

/*
 * A new life of the socket at KEY. An entry that is there is of a life whose end was missed: the
 * address was reused. False when the map is full.
 */
static __always_inline bool track(__u32 program, __u64 key, struct connection *fresh)
{
	if (bpf_map_update_elem(&connections, &key, fresh, BPF_ANY) == 0)
		return true;
	COUNT(program, map_full);
	return false;
}

/* Without counts: those are in the later records. */
static __always_inline void send_open(__u32 program, struct connection *connection, const struct sock *sk, bool direct)
{
	struct flow_record record;

	if (!connection->closed)
		read_tcp_addresses(&connection->record, sk, direct);
	record = connection->record;
	record.kind = FLOW_OPEN;
	record.observed_mono_ns = bpf_ktime_get_ns();
	/* Before it is on the ring: FLOW_CLOSE may follow at once, from another CPU. */
	connection->record.flags |= FLOW_FLAG_OPEN_SENT;
	if (!emit(program, &record))
		connection->record.flags &= ~FLOW_FLAG_OPEN_SENT;
}

/* Deleting the entry is the claim to send its last record, so that it is sent once. */
static __always_inline void send_last(__u32 program, __u64 key, struct connection *connection)
{
	struct flow_record last = connection->record;

	if (connection->snapshot_sent)
		last.flags |= FLOW_FLAG_SNAPSHOT_SENT;
	if (bpf_map_delete_elem(&connections, &key) == 0)
		emit(program, &last);
}

/* TASK, the current one when null, uses the socket: it is the owner, if none is known yet. */
static __always_inline void adopt(__u32 program, const struct sock *sk, struct task_struct *task, bool direct)
{
	__u64 key = (__u64)sk;
	struct connection *connection;

	if (ownerless_count == 0 || !bpf_map_lookup_elem(&ownerless, &key))
		return;
	connection = bpf_map_lookup_elem(&connections, &key);
	if (connection)
		read_owner(&connection->record, task ? task : current_task(direct), direct);
	if (bpf_map_delete_elem(&ownerless, &key))
		return; /* another CPU was first */
	__sync_fetch_and_add(&ownerless_count, -1);
	if (!connection)
		return;
	send_open(program, connection, sk, direct);
	if (connection->closed)
		send_last(program, key, connection);
}

static __always_inline void finish(const struct sock *sk, struct connection *connection)
{
	struct flow_record *record = &connection->record;

	record->observed_mono_ns = bpf_ktime_get_ns();
	record->kind = connection->established ? FLOW_CLOSE : FLOW_FAILED;
	if (!record->family) /* never told of */
		read_tcp_addresses(record, sk, settings.direct);
	read_counts(record, sk, settings.direct);
}

static __always_inline void on_connect(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection fresh;

	begin(&fresh, FLOW_ROLE_CLIENT);
	read_owner(&fresh.record, current_task(settings.direct), settings.direct);
	track(FLOW_PROGRAM_SET_STATE, key, &fresh);
}

/* Enters a connection whose owner is not known yet. */
static __always_inline void track_ownerless(__u64 key, struct connection *fresh)
{
	__u8 one = 1;

	if (!track(FLOW_PROGRAM_SET_STATE, key, fresh))
		return;
	__sync_fetch_and_add(&ownerless_count, 1);
	if (bpf_map_update_elem(&ownerless, &key, &one, BPF_ANY)) {
		/* Reported all the same, at the latest when it closes, but without an owner. */
		__sync_fetch_and_add(&ownerless_count, -1);
		COUNT(FLOW_PROGRAM_SET_STATE, owner_lost);
	}
}

static __always_inline void on_established(const struct sock *sk, int old)
{
	__u64 key = (__u64)sk;
	struct connection *connection = bpf_map_lookup_elem(&connections, &key);
	struct connection fresh;

	if (connection && !connection->established) {
		connection->established = 1;
		connection->record.start_mono_ns = bpf_ktime_get_ns();
		send_open(FLOW_PROGRAM_SET_STATE, connection, sk, settings.direct);
		return;
	}
	begin(&fresh, old == TCP_SYN_SENT ? FLOW_ROLE_CLIENT : FLOW_ROLE_SERVER);
	fresh.established = 1;
	track_ownerless(key, &fresh);
}

/*
 * The connection leaves ESTABLISHED or CLOSE_WAIT (OLD). One that is not tracked is older than
 * the agent and was in nobody's hands at the scan: it waited in a listener's queue.
 */
static __always_inline void on_leaving(const struct sock *sk, int old)
{
	__u64 key = (__u64)sk;
	struct connection fresh;

	if ((old != TCP_ESTABLISHED && old != TCP_CLOSE_WAIT) || bpf_map_lookup_elem(&connections, &key))
		return;
	begin(&fresh, read_role((const struct tcp_sock *)sk, old));
	fresh.established = 1;
	fresh.record.start_mono_ns = 0;
	fresh.record.flags |= FLOW_FLAG_PREEXISTING;
	track_ownerless(key, &fresh);
}

static __always_inline void on_close(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection *connection = bpf_map_lookup_elem(&connections, &key);

	if (!connection)
		return; /* never established, or refused by the map and counted then */
	finish(sk, connection);
	if (bpf_map_lookup_elem(&ownerless, &key)) {
		/*
		 * Nobody used the socket yet; whoever holds it will at least close it, and
		 * tcp_destroy_sock tells. The counts are kept, as a disconnect clears them.
		 */
		connection->closed = 1;
		if (bpf_map_lookup_elem(&ownerless, &key))
			return;
		/* Adopted on another CPU meanwhile, which may have looked at `closed` too early. */
	}
	send_last(FLOW_PROGRAM_SET_STATE, key, connection);
}

/* The socket's memory is about to be reused: nothing may keep its address. */
static __always_inline void on_destroy(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection *connection;

	adopt(FLOW_PROGRAM_DESTROY, sk, 0, settings.direct);
	connection = bpf_map_lookup_elem(&connections, &key);
	if (!connection)
		return;
	/* Left by a race: closed while it was adopted, or while the scan entered it. */
	if (!connection->closed)
		finish(sk, connection);
	send_last(FLOW_PROGRAM_DESTROY, key, connection);
}

/* TASK holds a descriptor of the socket: found by the scan. */
static __always_inline void on_scan(const struct sock *sk, struct task_struct *task)
{
	__u64 key = (__u64)sk;
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	struct connection fresh;

	if (state == TCP_LISTEN || state == TCP_CLOSE || state == TCP_SYN_RECV)
		return;
	if (bpf_map_lookup_elem(&connections, &key)) {
		adopt(FLOW_PROGRAM_SCAN, sk, task, false);
		return;
	}
	begin(&fresh, FLOW_ROLE_CLIENT);
	if (state != TCP_SYN_SENT) {
		fresh.established = 1;
		fresh.record.start_mono_ns = 0;
		fresh.record.role = read_role((const struct tcp_sock *)sk, state);
		fresh.record.flags |= FLOW_FLAG_PREEXISTING;
	}
	read_owner(&fresh.record, task, false);
	/* Unless it was entered meanwhile: then its own transitions told more. */
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&connections, &key))
		COUNT(FLOW_PROGRAM_SCAN, map_full);
}

#endif
