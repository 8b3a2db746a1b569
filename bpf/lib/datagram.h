/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP: one flow per socket and peer, counted in the `datagram_flows` map, whose values are
 * flow records that the addon reads at each flush.
 *
 * The peer of a datagram sent is the address given to sendto(2), sendmsg(2) or sendmmsg(2), of
 * which the first one is read, else the one the socket is connected to. The kernel has copied
 * the argument before; a thread of the sender that changes it meanwhile can make its own flow
 * name another peer. What an unconnected receive or another system call leaves unknown is
 * counted as `peer_unknown`, never guessed.
 */
#ifndef PROBECTL_DATAGRAM_H
#define PROBECTL_DATAGRAM_H

#include "flow_emit.h"
#include "owner.h"
#include "socket.h"

/* include/uapi/linux/in6.h: both forms fit, sockaddr_in is its first eight bytes. */
struct socket_address {
	__u16 family;
	__be16 port;
	__u32 v4_or_flowinfo;
	__u8 v6[16];
};

/* Where the running system call was given the address to send to, 0 unknown. */
static __always_inline __u64 destination_argument(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 name = 0;

#if defined(__TARGET_ARCH_x86)
	enum { SYS_sendto = 44, SYS_sendmsg = 46, SYS_sendmmsg = 307, USER_CS_64 = 0x33 };

	if (regs->cs != USER_CS_64)
		return 0; /* 32-bit system calls have other numbers */
	__u64 number = regs->orig_ax;
	__u64 message = regs->si;
	__u64 address = regs->r8;
#elif defined(__TARGET_ARCH_arm64)
	enum { SYS_sendto = 206, SYS_sendmsg = 211, SYS_sendmmsg = 269 };

	__u64 number = regs->syscallno;
	__u64 message = regs->regs[1];
	__u64 address = regs->regs[4];
#endif
	barrier_var(address); /* else clang merges this load with that of `name`: two kinds of pointer */
	if (number == SYS_sendto)
		return address;
	/* struct user_msghdr begins with msg_name, struct mmsghdr with a user_msghdr. */
	if ((number == SYS_sendmsg || number == SYS_sendmmsg) &&
	    bpf_probe_read_user(&name, sizeof(name), (void *)message) == 0)
		return name;
	return 0;
}

static __always_inline void set_v4(struct datagram_key *key, __be32 address, __be16 port)
{
	__builtin_memset(key->remote_address, 0, sizeof(key->remote_address));
	*(__u32 *)key->remote_address = address;
	key->remote_port = bpf_ntohs(port);
	key->family = 4;
}

/* Takes the peer from the system call's address argument; false when there is none to be read. */
static __always_inline bool read_destination(struct datagram_key *key, const struct sock *sk)
{
	struct socket_address to = {};
	__u64 pointer = destination_argument();

	if (!pointer || bpf_probe_read_user(&to, 8, (void *)pointer))
		return false;
	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (to.family == AF_INET || (to.family == 0 && sk->__sk_common.skc_family == AF_INET)) {
		set_v4(key, to.v4_or_flowinfo, to.port);
		return true;
	}
	if (to.family != AF_INET6 || bpf_probe_read_user(to.v6, sizeof(to.v6), (void *)(pointer + 8)))
		return false;
	__builtin_memcpy(key->remote_address, to.v6, sizeof(to.v6));
	key->remote_port = bpf_ntohs(to.port);
	key->family = unmap(key->remote_address) ? 4 : 6;
	return true;
}

/* Takes the peer the socket is connected to; false when it is not. */
static __always_inline bool read_connected(struct datagram_key *key, const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;

	if (!common->skc_dport)
		return false;
	if (common->skc_family == AF_INET) {
		set_v4(key, common->skc_daddr, common->skc_dport);
		return true;
	}
	if (bpf_core_field_exists(common->skc_v6_daddr))
		bpf_core_read(key->remote_address, sizeof(key->remote_address), &common->skc_v6_daddr);
	key->remote_port = bpf_ntohs(common->skc_dport);
	key->family = unmap(key->remote_address) ? 4 : 6;
	return true;
}

/* The flow of KEY, new at its first datagram; null when the map is full. */
static __always_inline struct flow_record *
begin_datagram_flow(const struct datagram_key *key, const struct sock *sk, __u8 role)
{
	struct flow_record fresh = {};

	read_addresses(&fresh, sk, true);
	__builtin_memcpy(fresh.remote_address, key->remote_address, sizeof(fresh.remote_address));
	if (key->family == 4)
		unmap(fresh.local_address);
	fresh.family = key->family;
	fresh.remote_port = key->remote_port;
	fresh.local_port = key->local_port;
	fresh.kind = FLOW_SNAPSHOT;
	fresh.transport = IPPROTO_UDP;
	fresh.role = role;
	fresh.start_mono_ns = bpf_ktime_get_ns();
	fresh.observed_mono_ns = fresh.start_mono_ns;
	fresh.connection_id = new_connection_id(fresh.start_mono_ns);
	read_owner(&fresh, current_task(true), true);
	bpf_map_update_elem(&datagram_flows, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&datagram_flows, key);
}

static __always_inline void count_datagram(struct flow_record *record, __u32 bytes, bool sent)
{
	record->observed_mono_ns = bpf_ktime_get_ns();
	if (sent) {
		__sync_fetch_and_add(&record->bytes_sent, bytes);
		__sync_fetch_and_add(&record->packets_sent, 1);
	} else {
		__sync_fetch_and_add(&record->bytes_received, bytes);
		__sync_fetch_and_add(&record->packets_received, 1);
	}
}

/*
 * BYTES of one datagram were handed over between SK and the current task. Only for kernels with
 * sock_send_length (6.3), which all can read SK directly.
 */
static __always_inline void on_datagram(__u32 program, const struct sock *sk, __u32 bytes, bool sent)
{
	struct datagram_key key = {};
	struct flow_record *flow;
	bool connected = sk->__sk_common.skc_dport != 0;
	/* Who spoke first; but an unconnected socket with a port of its own answers. */
	__u8 role = sent ? FLOW_ROLE_CLIENT : FLOW_ROLE_SERVER;

	if (!(sent && read_destination(&key, sk)) && !read_connected(&key, sk)) {
		COUNT(program, peer_unknown);
		return;
	}
	key.socket = (__u64)sk;
	key.inode = BPF_CORE_READ((struct socket_alloc *)sk->sk_socket, vfs_inode.i_ino);
	key.local_port = sk->__sk_common.skc_num;
	flow = bpf_map_lookup_elem(&datagram_flows, &key);
	if (!flow) {
		if (!connected && BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK)
			role = FLOW_ROLE_SERVER;
		flow = begin_datagram_flow(&key, sk, role);
	}
	if (flow)
		count_datagram(flow, bytes, sent);
	else
		COUNT(program, map_full);
}

#endif
