/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP and UDP flows with the process that owns them.
 *
 * The task that happens to run when a connection is established is often not its owner: on a
 * network card it is whatever the softirq interrupted, on loopback the other side's process.
 * So the owner is taken only where the kernel runs on behalf of it:
 *   client   connect()                     inet_sock_set_state to TCP_SYN_SENT
 *   server   its first send or receive     sock_send_length, sock_recv_length (6.3),
 *                                          before that tcp_rcv_space_adjust
 *            or its close() or shutdown()  inet_sock_set_state to FIN_WAIT1 or LAST_ACK,
 *                                          tcp_destroy_sock
 *            or, at a flush, the holder    task_file iterator
 *            of its file descriptor
 * FLOW_OPEN of a server is sent when its owner is known. Everything here only reads.
 *
 * Bounds: no loops; every map has a size and a counted refusal; at most one FLOW_OPEN and one
 * last record per connection.
 */
#include "include/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "maps/flow_maps.h"
#include "lib/connection.h"
#include "lib/datagram.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(flow_set_state, const struct sock *sk, int old, int new)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	switch (new) {
	case TCP_SYN_SENT:
		on_connect(sk);
		break;
	case TCP_ESTABLISHED:
		on_established(sk, old);
		break;
	case TCP_CLOSE_WAIT:
		on_leaving(sk, old);
		break;
	case TCP_FIN_WAIT1: /* only the owner's close() or shutdown() lead to these two */
	case TCP_LAST_ACK:
		on_leaving(sk, old);
		adopt(FLOW_PROGRAM_SET_STATE, sk, 0, settings.direct);
		break;
	case TCP_CLOSE:
		on_leaving(sk, old);
		if (old != TCP_LISTEN)
			on_close(sk);
		break;
	}
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(flow_destroy, const struct sock *sk)
{
	on_destroy(sk);
	return 0;
}

static __always_inline void on_transfer(__u32 program, const struct sock *sk, int length, bool sent)
{
	__u16 family = sk->__sk_common.skc_family;

	if (family != AF_INET && family != AF_INET6)
		return;
	if (sk->sk_protocol == IPPROTO_TCP)
		adopt(program, sk, 0, settings.direct);
	else if (sk->sk_protocol == IPPROTO_UDP && length > 0)
		on_datagram(program, sk, length, sent);
}

/* Kernel 6.3. LENGTH: bytes, or a negative errno. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(flow_send, const struct sock *sk, int length, int flags)
{
	on_transfer(FLOW_PROGRAM_SEND, sk, length, true);
	return 0;
}

/* Kernel 6.3. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(flow_receive, const struct sock *sk, int length, int flags)
{
	if (!(flags & MSG_PEEK))
		on_transfer(FLOW_PROGRAM_RECEIVE, sk, length, false);
	return 0;
}

/* Instead of the two above on older kernels: a receive that took bytes. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(flow_receive_old, const struct sock *sk)
{
	adopt(FLOW_PROGRAM_RECEIVE, sk, 0, settings.direct);
	return 0;
}

/* Every open file of every task: connections older than the agent, and owners still unknown. */
SEC("iter/task_file")
int flow_scan(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	const struct sock *sk;
	struct socket *socket;
	__u16 family;

	if (!task || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data); /* null for O_PATH */
	sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		on_scan(sk, task);
	return 0;
}

/* Kernel 5.9. Every tracked connection that is open and has an owner, as a flow record. */
SEC("iter/bpf_map_elem")
int flow_snapshot(struct bpf_iter__bpf_map_elem *context)
{
	struct connection *connection = context->value;
	__u64 *key = context->key;
	const struct connection *still;
	struct flow_record record;
	const struct sock *sk;
	__u64 address;

	if (!key || !connection || !connection->established || connection->closed ||
	    (connection->record.flags & FLOW_FLAG_OWNER_UNKNOWN))
		return 0;
	address = *key;
	sk = (const struct sock *)address;
	record = connection->record;
	if (connection->snapshot_sent)
		record.flags |= FLOW_FLAG_SNAPSHOT_SENT;
	record.kind = FLOW_SNAPSHOT;
	record.observed_mono_ns = bpf_ktime_get_ns();
	if (!record.family)
		read_tcp_addresses(&record, sk, false);
	read_counts(&record, sk, false);
	/* Closed, or closed and its address reused, while it was read: FLOW_CLOSE has the counts. */
	still = bpf_map_lookup_elem(&connections, &address);
	if (!still || still->record.connection_id != record.connection_id || still->closed)
		return 0;
	/* On overflow the iterator shows this entry again. */
	if (bpf_seq_write(context->meta->seq, &record, sizeof(record)) == 0)
		connection->snapshot_sent = 1;
	return 0;
}
