/**
 * DNS over UDP: one message a datagram (RFC 1035 4.2.1), told by the ports of DNS or by its own
 * grammar. Multicast DNS (RFC 6762) and LLMNR (RFC 4795) are messages, and calls where a query
 * went to one host and its answer came from there.
 */
import { CONN_FINISHED, CONN_PROTOCOL, PROTO_DNS, direction } from "../core/conn-layout";
import { COUNT_MALFORMED, COUNT_UNKNOWN, count } from "../core/counters";
import { now } from "../core/ctx";
import { redact } from "../core/stream";
import { isDatagram } from "./detect";
import { feedMessage } from "./message";
import { BEGIN_NS, HAS_HOLE, HEADER, LEFT, SIZE, clear, goTo } from "./state";

const SIZE_MAX: u32 = 0xffff;
/** Bit of CONN_FINISHED, unused over UDP: a datagram that is not DNS was counted. */
const SEEN_UNKNOWN: u8 = 0x40;

/**
 * A datagram from the side, of which [p, end) was captured; `size` is its true length when that is
 * more. Whatever it is, nothing of it survives that the contract does not list.
 */
export function datagram(conn: usize, side: u32, p: usize, end: usize, size: u32 = 0): void {
  size = max(size, <u32>(end - p));
  const isKnown = load<u8>(conn, CONN_PROTOCOL) == PROTO_DNS;
  if (!isDatagram(conn, p, end, size, isKnown)) {
    notDns(conn, isKnown);
    redact(p, end);
    return;
  }
  store<u8>(conn, PROTO_DNS, CONN_PROTOCOL);
  const d = direction(conn, side);
  store<u64>(d, now(), BEGIN_NS);
  store<u32>(d, size, SIZE);
  store<u16>(d, <u16>min(<u32>(end - p), SIZE_MAX), LEFT);
  store<u8>(d, size > <u32>(end - p) ? 1 : 0, HAS_HOLE);
  goTo(d, HEADER);
  redact(feedMessage(conn, side, d, p, end), end);
  // A message that was captured in part is over too.
  clear(conn, d);
}

function notDns(conn: usize, isKnown: bool): void {
  const finished = load<u8>(conn, CONN_FINISHED);
  if (isKnown) {
    count(COUNT_MALFORMED);
  } else if ((finished & SEEN_UNKNOWN) == 0) {
    count(COUNT_UNKNOWN);
    store<u8>(conn, finished | SEEN_UNKNOWN, CONN_FINISHED);
  }
}
