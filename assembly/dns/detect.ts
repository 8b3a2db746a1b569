/**
 * Is it DNS? On the ports of DNS the header and the first question must follow the grammar; on all
 * other ports they must also make sense, and a datagram must end where its last record does.
 */
import { CONN_TRANSPORT, PROTO_DNS, port } from "../core/conn-layout";
import { hintOf } from "../core/hints";
import { DETECT_BYTES_MAX } from "../core/limits";
import { DETECT_CLIENT, DETECT_MORE, DETECT_NO, DETECT_SERVER } from "../core/stream";
import { LABEL_BYTES_MAX, QUESTIONS_MAX } from "./limits";
import { NAME_BAD, NAME_MORE, isTypable, nameEnd } from "./name";
import { isRegisteredType } from "./registry";
import { be16 } from "./state";

const PORT_DNS: u32 = 53;
const PORT_DNS_TLS: u32 = 853;
const PORT_MDNS: u32 = 5353;
const PORT_LLMNR: u32 = 5355;
/** NetBIOS names (RFC 1002) borrow the grammar of DNS and give its numbers another meaning. */
const PORT_NETBIOS: u32 = 137;

const HEADER_SIZE: u32 = 12;
const FIXED_SIZE: usize = 10;

// Bits of the flags; the opcodes where they stand.
const RESPONSE: u32 = 0x8000;
const OPCODE: u32 = 0x7800;
const OPCODE_NOTIFY: u32 = 0x2000;
const OPCODE_UPDATE: u32 = 0x2800;
const OPCODE_DSO: u32 = 0x3000;
const AUTHORITATIVE: u32 = 0x0400;
const TRUNCATED: u32 = 0x0200;
const AVAILABLE: u32 = 0x0080;
const RESERVED: u32 = 0x0040;
const RCODE: u32 = 0x000f;
const RCODE_NOTZONE: u32 = 10;

/** Multicast names: no call, the answer comes from whoever likes. */
export function isLocalNaming(conn: usize): bool {
  return hasPort(conn, PORT_MDNS) || hasPort(conn, PORT_LLMNR);
}

@inline
function hasPort(conn: usize, number: u32): bool {
  return port(conn, 0) == number || port(conn, 1) == number;
}

/** Whether the ports speak for DNS: 1 yes, 0 not known, -1 the operator says otherwise. */
export function portsSay(conn: usize): i32 {
  const hint = hintOf(port(conn, 0), port(conn, 1));
  if (hint != 0) return hint == PROTO_DNS ? 1 : -1;
  if (hasPort(conn, PORT_DNS) || isLocalNaming(conn)) return 1;
  return hasPort(conn, PORT_DNS_TLS) && load<u8>(conn, CONN_TRANSPORT) == 6 ? 1 : 0;
}

/**
 * The verdict on a stream, `said` by portsSay: DETECT_*. Looks at DETECT_BYTES_MAX bytes, so that
 * chunks do not matter.
 */
export function streamVerdict(p: usize, end: usize, said: i32): i32 {
  if (end - p < 2) return DETECT_MORE;
  const size = be16(p);
  const visible = min(end, p + DETECT_BYTES_MAX);
  const verdict = messageVerdict(p + 2, visible, size, said);
  // A long name fills all that may be looked at: so far it is one.
  if (verdict != DETECT_MORE || visible < p + DETECT_BYTES_MAX) return verdict;
  return be16(p + 4) & RESPONSE ? DETECT_SERVER : DETECT_CLIENT;
}

/** Whether a datagram of `size` bytes, seen as far as `end`, is a message. */
export function isDatagram(conn: usize, p: usize, end: usize, size: u32, isKnown: bool): bool {
  const said = isKnown ? 1 : portsSay(conn);
  if (said < 0 || (said == 0 && hasPort(conn, PORT_NETBIOS))) return false;
  if (messageVerdict(p, end, size, said) <= 0) return false;
  if (said > 0 || end - p < size) return true;
  const records = be16(p + 6) + be16(p + 8) + be16(p + 10);
  return recordsEnd(nameEnd(p + HEADER_SIZE, end) + 4, end, records) == end;
}

/** The verdict on a message of `size` bytes, seen as far as `end`; `said` by portsSay. */
function messageVerdict(p: usize, end: usize, size: u32, said: i32): i32 {
  if (size < HEADER_SIZE) return DETECT_NO;
  if (end - p < HEADER_SIZE) return DETECT_MORE;
  const flags = be16(p + 2);
  const questions = be16(p + 4);
  const verdict = flags & RESPONSE ? DETECT_SERVER : DETECT_CLIENT;
  if (said > 0) {
    if (questions > QUESTIONS_MAX) return DETECT_NO;
    if (questions == 0) return hasNoQuestion(flags) ? verdict : DETECT_NO;
  } else if (!makesSense(p, flags)) {
    return DETECT_NO;
  }
  const begin = p + HEADER_SIZE;
  const last = min(end, p + size);
  const stop = nameEnd(begin, last);
  if (stop == NAME_BAD) return DETECT_NO;
  if (said <= 0 && !isTypable(begin, stop == NAME_MORE ? last : stop)) return DETECT_NO;
  if (stop == NAME_MORE || stop + 4 > last) return last == end ? DETECT_MORE : DETECT_NO;
  if (stop + 4 > p + size) return DETECT_NO;
  return said > 0 || isSane(p, stop, size) ? verdict : DETECT_NO;
}

/** Answers may leave the question out, and sessions (RFC 8490) have none. */
@inline
function hasNoQuestion(flags: u32): bool {
  return (flags & RESPONSE) != 0 || (flags & OPCODE) == OPCODE_DSO;
}

/** A header that a guess may be built on: one question, and bits as senders set them. */
function makesSense(p: usize, flags: u32): bool {
  const opcode = flags & OPCODE;
  if (opcode != 0 && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE) return false;
  if (be16(p + 4) != 1 || (flags & RESERVED) != 0) return false;
  if (flags & RESPONSE) return (flags & RCODE) <= RCODE_NOTZONE;
  if (flags & (TRUNCATED | AVAILABLE | RCODE)) return false;
  if (opcode != 0) return true;
  // An IXFR brings the version it has, EDNS and signatures come behind.
  return !(flags & AUTHORITATIVE) && be16(p + 6) == 0 && be16(p + 8) <= 1 && be16(p + 10) <= 4;
}

/** Type and class are such, and as many records as the header says can follow. */
function isSane(p: usize, nameStop: usize, size: u32): bool {
  // The highest bit asks for a unicast answer (RFC 6762 5.4).
  const group = be16(nameStop + 2) & 0x7fff;
  if (group != 1 && group != 3 && group != 4 && group != 254 && group != 255) return false;
  if (!isRegisteredType(be16(nameStop))) return false;
  const records = be16(p + 6) + be16(p + 8) + be16(p + 10);
  return nameStop + 4 + <usize>records * (FIXED_SIZE + 1) <= p + size;
}

/** Where `count` records that begin at `p` end; 0 when they do not within [p, end). */
function recordsEnd(p: usize, end: usize, count: u32): usize {
  for (; count > 0; count--) {
    p = recordNameEnd(p, end);
    if (p == 0 || end - p < FIXED_SIZE) return 0;
    const data = be16(p + 8);
    p += FIXED_SIZE;
    if (end - p < data) return 0;
    p += data;
  }
  return p;
}

/** Where the name of a record ends, a pointer perhaps; 0 when it is none. */
function recordNameEnd(p: usize, end: usize): usize {
  while (p < end) {
    const length = <u32>load<u8>(p);
    if (length == 0) return p + 1;
    if (length >= 0xc0) return p + 2 <= end ? p + 2 : 0;
    if (length > LABEL_BYTES_MAX) return 0;
    p += length + 1;
  }
  return 0;
}
