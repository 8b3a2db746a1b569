/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and TCP counts of a socket (include/net/sock.h, include/linux/tcp.h). */
#ifndef PROBECTL_SOCKET_H
#define PROBECTL_SOCKET_H

#include "read.h"

/*
 * ADDRESS: 16 bytes of the IPv6 form. Stores IPv4-mapped (RFC 4291 2.5.5.2) as IPv4.
 * True when it was mapped.
 */
static __always_inline bool unmap(__u8 *address)
{
	__u32 *word = (__u32 *)address;

	if (word[0] || word[1] || word[2] != bpf_htonl(0xffff))
		return false;
	word[0] = word[3];
	word[2] = 0;
	word[3] = 0;
	return true;
}

/* Everything but the local port, which TCP and UDP keep in different places. */
static __always_inline void read_addresses(struct flow_record *record, const struct sock *sk, bool direct)
{
	const struct sock_common *common = &sk->__sk_common;

	__builtin_memset(record->local_address, 0, sizeof(record->local_address));
	__builtin_memset(record->remote_address, 0, sizeof(record->remote_address));
	record->family = 4;
	if (READ(direct, sk, __sk_common.skc_family) == AF_INET6 &&
	    bpf_core_field_exists(common->skc_v6_daddr)) {
		bpf_core_read(record->local_address, 16, &common->skc_v6_rcv_saddr);
		bpf_core_read(record->remote_address, 16, &common->skc_v6_daddr);
		if (unmap(record->remote_address))
			unmap(record->local_address);
		else
			record->family = 6;
	} else {
		*(__u32 *)record->local_address = READ(direct, sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)record->remote_address = READ(direct, sk, __sk_common.skc_daddr);
	}
	record->remote_port = bpf_ntohs(READ(direct, sk, __sk_common.skc_dport));
	record->netns = direct ? common->skc_net.net->ns.inum : BPF_CORE_READ(common, skc_net.net, ns.inum);
	if ((direct ? common->skc_net.net->user_ns->level
		    : BPF_CORE_READ(common, skc_net.net, user_ns, level)) > 0)
		record->flags |= FLOW_FLAG_FOREIGN_NETNS;
}

static __always_inline void read_tcp_addresses(struct flow_record *record, const struct sock *sk, bool direct)
{
	const struct tcp_sock *tp = tcp_of(sk, direct);

	read_addresses(record, sk, direct);
	if (tp) { /* not skc_num: it is already 0 at TCP_CLOSE */
		record->local_port = bpf_ntohs(READ(direct, tp, inet_conn.icsk_inet.inet_sport));
		record->srtt_us = READ(direct, tp, srtt_us) >> 3; /* kept times eight */
	}
}

/*
 * Payload bytes, not sequence numbers: bytes_sent counts retransmissions, bytes_received counts
 * the peer's FIN, of which SOCK_DONE tells (tcp_fin() in net/ipv4/tcp_input.c).
 */
static __always_inline void read_counts(struct flow_record *record, const struct sock *sk, bool direct)
{
	const struct tcp_sock *tp = tcp_of(sk, direct);
	__u64 received;

	if (!tp)
		return;
	received = READ(direct, tp, bytes_received);
	if (received && READ(direct, sk, __sk_common.skc_flags) & (1UL << SOCK_DONE))
		received--;
	record->bytes_received = received;
	record->bytes_sent = READ(direct, tp, bytes_sent) - READ(direct, tp, bytes_retrans);
	record->packets_sent = READ(direct, tp, segs_out);
	record->packets_received = READ(direct, tp, segs_in);
	record->srtt_us = READ(direct, tp, srtt_us) >> 3;
	record->retransmits = READ(direct, tp, total_retrans);
	record->error = READ(direct, sk, sk_err);
}

/*
 * Which side of an established connection this is, from its counters alone: bytes_acked counts
 * the SYN of the side that sent one and each side's FIN, bytes_sent neither. So the client has
 * acknowledged, or has in flight, one byte more than its payload.
 */
static __always_inline __u8 read_role(const struct tcp_sock *tp, __u8 state)
{
	__u64 payload = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	__u32 in_flight = BPF_CORE_READ(tp, snd_nxt) - BPF_CORE_READ(tp, snd_una);
	__s64 surplus = BPF_CORE_READ(tp, bytes_acked) + in_flight - payload;

	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		surplus--; /* its FIN */
	return surplus == 1 ? FLOW_ROLE_CLIENT : surplus == 0 ? FLOW_ROLE_SERVER : FLOW_ROLE_UNKNOWN;
}

#endif
