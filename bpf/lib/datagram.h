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

/* ADDRESS_POINTER: where the running system call was given the address to send to, 0 unknown. */
static __always_inline __u64 destination_argument(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 name = 0;

#if defined(__TARGET_ARCH_x86)
	enum { SYS_sendto = 44, SYS_sendmsg = 46, SYS_sendmmsg = 307, USER_CS_64 = 0x33 };

	if (BPF_CORE_READ(regs, cs) != USER_CS_64)
		return 0; /* 32-bit system calls have other numbers */
	__u64 number = BPF_CORE_READ(regs, orig_ax);
	__u64 message = BPF_CORE_READ(regs, si);
	__u64 address = BPF_CORE_READ(regs, r8);
#elif defined(__TARGET_ARCH_arm64)
	enum { SYS_sendto = 206, SYS_sendmsg = 211, SYS_sendmmsg = 269 };

	__u64 number = BPF_CORE_READ(regs, syscallno);
	__u64 message = BPF_CORE_READ(regs, regs[1]);
	__u64 address = BPF_CORE_READ(regs, regs[4]);
#endif
	if (number == SYS_sendto)
		return address;
	/* struct user_msghdr begins with msg_name, struct mmsghdr with a user_msghdr. */
	if ((number == SYS_sendmsg || number == SYS_sendmmsg) &&
	    bpf_probe_read_user(&name, sizeof(name), (void *)message) == 0)
		return name;
	return 0;
}

/* Takes the peer from the system call's address argument; false when there is none to be read. */
static __always_inline bool read_destination(struct flow_record *record, const struct sock *sk)
{
	struct socket_address to = {};
	__u64 pointer = destination_argument();

	if (!pointer || bpf_probe_read_user(&to, 8, (void *)pointer))
		return false;
	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (to.family == AF_INET || (to.family == 0 && sk->__sk_common.skc_family == AF_INET)) {
		__builtin_memset(record->remote_address, 0, sizeof(record->remote_address));
		__builtin_memcpy(record->remote_address, &to.v4_or_flowinfo, 4);
		record->remote_port = bpf_ntohs(to.port);
		record->family = 4;
		return true;
	}
	if (to.family != AF_INET6 || bpf_probe_read_user(to.v6, sizeof(to.v6), (void *)(pointer + 8)))
		return false;
	__builtin_memcpy(record->remote_address, to.v6, 16);
	record->remote_port = bpf_ntohs(to.port);
	record->family = unmap(record->remote_address) ? 4 : 6;
	if (record->family == 4)
		unmap(record->local_address);
	return true;
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

/* BYTES of one datagram were handed over between SK and the current task. */
static __always_inline void on_datagram(__u32 program, const struct sock *sk, __u32 bytes, bool sent)
{
	struct flow_record fresh = {};
	struct datagram_key key = {};
	struct socket_alloc *socket;
	struct flow_record *flow;
	bool connected;

	read_addresses(&fresh, sk);
	connected = fresh.remote_port != 0;
	if (!(sent && read_destination(&fresh, sk)) && !connected) {
		COUNT(program, peer_unknown);
		return;
	}
	key.socket = (__u64)sk;
	socket = (struct socket_alloc *)BPF_CORE_READ(sk, sk_socket);
	key.inode = BPF_CORE_READ(socket, vfs_inode.i_ino);
	__builtin_memcpy(key.remote_address, fresh.remote_address, 16);
	key.remote_port = fresh.remote_port;
	key.local_port = fresh.local_port;
	key.family = fresh.family;
	flow = bpf_map_lookup_elem(&datagram_flows, &key);
	if (!flow) {
		fresh.kind = FLOW_SNAPSHOT;
		fresh.transport = IPPROTO_UDP;
		fresh.start_mono_ns = bpf_ktime_get_ns();
		fresh.observed_mono_ns = fresh.start_mono_ns;
		fresh.connection_id = new_connection_id(fresh.start_mono_ns);
		/* Who spoke first; but an unconnected socket with a port of its own answers. */
		fresh.role = sent ? FLOW_ROLE_CLIENT : FLOW_ROLE_SERVER;
		if (!connected && BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK)
			fresh.role = FLOW_ROLE_SERVER;
		read_owner(&fresh, current_task());
		bpf_map_update_elem(&datagram_flows, &key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&datagram_flows, &key);
		if (!flow) {
			COUNT(program, map_full);
			return;
		}
	}
	count_datagram(flow, bytes, sent);
}

#endif
