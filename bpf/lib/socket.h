/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and TCP counts of a socket (include/net/sock.h, include/linux/tcp.h). */
#ifndef PROBECTL_SOCKET_H
#define PROBECTL_SOCKET_H

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

static __always_inline void read_addresses(struct flow_record *record, const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;
	__u16 family = BPF_CORE_READ(common, skc_family);

	__builtin_memset(record->local_address, 0, sizeof(record->local_address));
	__builtin_memset(record->remote_address, 0, sizeof(record->remote_address));
	record->family = 4;
	if (family == AF_INET6 && bpf_core_field_exists(common->skc_v6_daddr)) {
		bpf_core_read(record->local_address, 16, &common->skc_v6_rcv_saddr);
		bpf_core_read(record->remote_address, 16, &common->skc_v6_daddr);
		if (unmap(record->remote_address))
			unmap(record->local_address);
		else
			record->family = 6;
	} else {
		bpf_core_read(record->local_address, 4, &common->skc_rcv_saddr);
		bpf_core_read(record->remote_address, 4, &common->skc_daddr);
	}
	record->remote_port = bpf_ntohs(BPF_CORE_READ(common, skc_dport));
	/* Not skc_num: it is already 0 at TCP_CLOSE. */
	record->local_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	record->netns = BPF_CORE_READ(common, skc_net.net, ns.inum);
	if (BPF_CORE_READ(common, skc_net.net, user_ns, level) > 0)
		record->flags |= FLOW_FLAG_FOREIGN_NETNS;
}

static __always_inline __u32 read_srtt_us(const struct tcp_sock *tp)
{
	return BPF_CORE_READ(tp, srtt_us) >> 3; /* kept times eight */
}

/*
 * Payload bytes, not sequence numbers: bytes_sent counts retransmissions, bytes_received counts
 * the peer's FIN, of which SOCK_DONE tells (tcp_fin() in net/ipv4/tcp_input.c).
 */
static __always_inline void read_counts(struct flow_record *record, const struct tcp_sock *tp)
{
	const struct sock *sk = (const struct sock *)tp;
	__u64 received = BPF_CORE_READ(tp, bytes_received);

	if (received && BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << SOCK_DONE))
		received--;
	record->bytes_received = received;
	record->bytes_sent = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	record->packets_sent = BPF_CORE_READ(tp, segs_out);
	record->packets_received = BPF_CORE_READ(tp, segs_in);
	record->srtt_us = read_srtt_us(tp);
	record->retransmits = BPF_CORE_READ(tp, total_retrans);
	record->error = BPF_CORE_READ(sk, sk_err);
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
