/**
 * The engine: bytes of a direction, in order, go to the protocol of the connection; while that is
 * not known, to detection. What no protocol takes dies here.
 *
 * A protocol offers
 *   detect(conn, side, p, end): DETECT_*    looks, changes nothing
 *   begin(conn): bool                       its state is set up; false when there is no room
 *   feed(conn, side, p, end): usize         takes at least one byte or one step, redacts in place,
 *                                           returns where it stopped; at most ROWS_PER_STEP rows
 *   gap(conn, side, size)                   `size` bytes are missing, 0: nobody knows how many
 *   finish(conn, side)                      the direction ended in order
 *   end(conn)                               frees what it holds besides pending calls
 */
import { NOTE_MID_JOIN, dropAll, giveUpAll } from "./call";
import {
  CONN_CLIENT,
  CONN_FINISHED,
  CONN_FLAGS,
  CONN_FLAG_CLIENT_KNOWN,
  CONN_FLAG_MID_JOIN,
  CONN_FLAG_PROVEN,
  CONN_HELD,
  CONN_HELD_LENGTH,
  CONN_NOTES,
  CONN_PROTOCOL,
  PROTO_DEAD,
  PROTO_DNS,
  PROTO_HTTP1,
  PROTO_HTTP2,
  PROTO_KAFKA,
  PROTO_NONE,
  port,
} from "./conn-layout";
import {
  COUNT_BYTES,
  COUNT_BYTES_REDACTED,
  COUNT_GAPS,
  COUNT_GAP_BYTES,
  COUNT_MALFORMED,
  COUNT_UNKNOWN,
  COUNT_WITHDRAWN,
  count,
} from "./counters";
import { MODE_FULL, MODE_LENGTH, mode } from "./ctx";
import { hintOf } from "./hints";
import { DETECT_BYTES_MAX } from "./limits";
import { hasRoom } from "./out";
import { allocate, at, release } from "./pool";
import { wipe } from "../scan";
import * as dns from "../dns/dns-stream";
import { datagram } from "../dns/dns-datagram";
import * as http1 from "../http1/http1-stream";
import * as http2 from "../http2/http2-stream";
import * as kafka from "../kafka/kafka-stream";

/** Not this protocol · could be, more bytes decide · it is, `side` is the client · the server. */
export const DETECT_NO: i32 = -1;
export const DETECT_MORE: i32 = 0;
export const DETECT_CLIENT: i32 = 1;
export const DETECT_SERVER: i32 = 2;

/** Bits of CONN_FINISHED above the two of finished sides: nothing was recognised on the side. */
const GAVE_UP: u8 = 4;

/**
 * The next bytes of a direction. Returns where it stopped: before `end` only when the output is
 * full; the caller comes again with the rest after it was read.
 */
export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  const begin = p;
  if (mode() == MODE_LENGTH) {
    redact(p, end);
    p = end;
  }
  while (p < end && hasRoom()) p = step(conn, side, p, end);
  count(COUNT_BYTES, p - begin);
  return p;
}

/** A UDP datagram of `size` bytes, of which [p, end) are at hand. At most the rows of one step. */
export function feedDatagram(conn: usize, side: u32, p: usize, end: usize, size: u32): void {
  count(COUNT_BYTES, end - p);
  if (mode() == MODE_LENGTH) redact(p, end);
  else datagram(conn, side, p, end, size);
}

function step(conn: usize, side: u32, p: usize, end: usize): usize {
  switch (load<u8>(conn, CONN_PROTOCOL)) {
    case PROTO_NONE: return detect(conn, side, p, end);
    case PROTO_HTTP1: return http1.feed(conn, side, p, end);
    case PROTO_HTTP2: return http2.feed(conn, side, p, end);
    case PROTO_DNS: return dns.feed(conn, side, p, end);
    case PROTO_KAFKA: return kafka.feed(conn, side, p, end);
    default:
      redact(p, end);
      return end;
  }
}

/** Zeroes what must not survive, unless redaction is off (mode `full`, consented to). */
export function redact(p: usize, end: usize): void {
  if (p >= end || mode() == MODE_FULL) return;
  count(COUNT_BYTES_REDACTED, end - p);
  wipe(p, end);
}

/** `size` bytes of the direction are missing, 0 when nobody knows how many. */
export function gap(conn: usize, side: u32, size: u32): void {
  count(COUNT_GAPS);
  count(COUNT_GAP_BYTES, size);
  switch (load<u8>(conn, CONN_PROTOCOL)) {
    case PROTO_NONE:
      // Before its first byte a hole says only that this is not the beginning.
      if (heldLength(conn, side) != 0) forgetHeld(conn, side);
      setMidJoin(conn);
      break;
    case PROTO_HTTP1: http1.gap(conn, side, size); break;
    case PROTO_HTTP2: http2.gap(conn, side, size); break;
    case PROTO_DNS: dns.gap(conn, side, size); break;
    case PROTO_KAFKA: kafka.gap(conn, side, size); break;
  }
}

/** The direction ended in order (FIN). */
export function finish(conn: usize, side: u32): void {
  const finished = load<u8>(conn, CONN_FINISHED);
  if (finished & (1 << <u8>side)) return;
  store<u8>(conn, finished | (1 << <u8>side), CONN_FINISHED);
  switch (load<u8>(conn, CONN_PROTOCOL)) {
    case PROTO_HTTP1: http1.finish(conn, side); break;
    case PROTO_HTTP2: http2.finish(conn, side); break;
    case PROTO_DNS: dns.finish(conn, side); break;
    case PROTO_KAFKA: kafka.finish(conn, side); break;
  }
}

/** Frees what the protocol holds besides pending calls. */
export function endProtocol(conn: usize): void {
  switch (load<u8>(conn, CONN_PROTOCOL)) {
    case PROTO_HTTP1: http1.end(conn); break;
    case PROTO_HTTP2: http2.end(conn); break;
    case PROTO_DNS: dns.end(conn); break;
    case PROTO_KAFKA: kafka.end(conn); break;
  }
}

/**
 * The direction broke the grammar of its protocol at `p`: everything from there to the end of the
 * connection dies, what was decided before stays. A guess that no call ever proved is withdrawn:
 * its pending calls are forgotten. Returns `end`, for `feed` to return.
 */
export function malformed(conn: usize, p: usize, end: usize): usize {
  const proven = (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_PROVEN) != 0;
  count(proven ? COUNT_MALFORMED : COUNT_WITHDRAWN);
  if (proven) giveUpAll(conn, 0);
  else dropAll(conn);
  endProtocol(conn);
  store<u8>(conn, PROTO_DEAD, CONN_PROTOCOL);
  redact(p, end);
  return end;
}

/** Another protocol goes on where one ends (upgrade, h2c). Pending calls stay. */
export function become(conn: usize, protocol: u8): bool {
  endProtocol(conn);
  store<u8>(conn, protocol, CONN_PROTOCOL);
  memory.fill(conn + 144, 0, 112);
  return begin(conn, protocol);
}

function begin(conn: usize, protocol: u8): bool {
  let begun = true;
  switch (protocol) {
    case PROTO_HTTP1: begun = http1.begin(conn); break;
    case PROTO_HTTP2: begun = http2.begin(conn); break;
    case PROTO_DNS: begun = dns.begin(conn); break;
    case PROTO_KAFKA: begun = kafka.begin(conn); break;
  }
  store<u8>(conn, begun ? protocol : PROTO_DEAD, CONN_PROTOCOL);
  return begun;
}

export function setMidJoin(conn: usize): void {
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_MID_JOIN, CONN_FLAGS);
  store<u32>(conn, load<u32>(conn, CONN_NOTES) | NOTE_MID_JOIN, CONN_NOTES);
}

@inline
function held(conn: usize, side: u32): u32 {
  return load<u32>(conn + <usize>side * 4, CONN_HELD);
}

@inline
function heldLength(conn: usize, side: u32): u32 {
  return load<u16>(conn + <usize>side * 2, CONN_HELD_LENGTH);
}

function forgetHeld(conn: usize, side: u32): void {
  const block = held(conn, side);
  if (block != 0) release(conn, block);
  store<u32>(conn + <usize>side * 4, 0, CONN_HELD);
  store<u16>(conn + <usize>side * 2, 0, CONN_HELD_LENGTH);
  store<u8>(conn, load<u8>(conn, CONN_FINISHED) | (GAVE_UP << <u8>side), CONN_FINISHED);
}

/** Looks at the bytes held and at hand; returns how far it took them. */
function detect(conn: usize, side: u32, p: usize, end: usize): usize {
  if (load<u8>(conn, CONN_FINISHED) & (GAVE_UP << <u8>side)) {
    redact(p, end);
    return end;
  }
  const before = heldLength(conn, side);
  if (before == 0) {
    const verdict = verdictOf(conn, side, p, end);
    if (verdict > 0) return decided(conn, side, verdict, p);
    if (verdict < 0 || end - p >= DETECT_BYTES_MAX) return unknown(conn, side, p, end);
  }
  return hold(conn, side, p, end);
}

/** Adds to the bytes held; the copy at hand dies, they are all that is left of it. */
function hold(conn: usize, side: u32, p: usize, end: usize): usize {
  let block = held(conn, side);
  if (block == 0) {
    block = allocate(conn);
    if (block == 0) return unknown(conn, side, p, end);
    store<u32>(conn + <usize>side * 4, block, CONN_HELD);
  }
  const before = heldLength(conn, side);
  const taken = min(<u32>(end - p), DETECT_BYTES_MAX - before);
  const begin = at(block) + 4;
  memory.copy(begin + before, p, taken);
  redact(p, p + taken);
  const length = before + taken;
  store<u16>(conn + <usize>side * 2, <u16>length, CONN_HELD_LENGTH);
  const verdict = verdictOf(conn, side, begin, begin + length);
  if (verdict > 0) {
    decided(conn, side, verdict, 0);
  } else if (verdict < 0 || length == DETECT_BYTES_MAX) {
    return unknown(conn, side, p, end);
  }
  return p + taken;
}

function unknown(conn: usize, side: u32, p: usize, end: usize): usize {
  forgetHeld(conn, side);
  const both = GAVE_UP | (GAVE_UP << 1);
  if ((load<u8>(conn, CONN_FINISHED) & both) == both) {
    count(COUNT_UNKNOWN);
    store<u8>(conn, PROTO_DEAD, CONN_PROTOCOL);
  }
  redact(p, end);
  return end;
}

/** The best verdict over all protocols: 16 * protocol + DETECT_*, DETECT_MORE or DETECT_NO. */
function verdictOf(conn: usize, side: u32, p: usize, end: usize): i32 {
  const hint = hintOf(port(conn, 0), port(conn, 1));
  let more = false;
  // In this order: a protocol whose beginning is unmistakable goes first.
  for (let protocol: i32 = PROTO_HTTP1; protocol <= <i32>PROTO_KAFKA; protocol++) {
    if (hint != 0 && hint != <u8>protocol) continue;
    const verdict = ask(<u8>protocol, conn, side, p, end);
    if (verdict > 0) return protocol * 16 + verdict;
    if (verdict == DETECT_MORE) more = true;
  }
  return more ? DETECT_MORE : DETECT_NO;
}

function ask(protocol: u8, conn: usize, side: u32, p: usize, end: usize): i32 {
  switch (protocol) {
    case PROTO_HTTP1: return http1.detect(conn, side, p, end);
    case PROTO_HTTP2: return http2.detect(conn, side, p, end);
    case PROTO_DNS: return dns.detect(conn, side, p, end);
    default: return kafka.detect(conn, side, p, end);
  }
}

/** Begins the protocol, and gives it what both sides held. Returns `p`. */
function decided(conn: usize, side: u32, verdict: i32, p: usize): usize {
  const protocol = <u8>(verdict >> 4);
  const isServer = (verdict & 15) == DETECT_SERVER;
  const flags = load<u8>(conn, CONN_FLAGS);
  // The bytes themselves tell the client better than who was seen first.
  store<u8>(conn, <u8>(isServer ? 1 - side : side), CONN_CLIENT);
  store<u8>(conn, flags | CONN_FLAG_CLIENT_KNOWN, CONN_FLAGS);
  begin(conn, protocol);
  // The other side spoke before: its bytes come first.
  giveHeld(conn, 1 - side);
  giveHeld(conn, side);
  return p;
}

function giveHeld(conn: usize, side: u32): void {
  const finished = load<u8>(conn, CONN_FINISHED);
  if (finished & (GAVE_UP << <u8>side)) {
    store<u8>(conn, finished & ~(GAVE_UP << <u8>side), CONN_FINISHED);
    gap(conn, side, 0);
    return;
  }
  const block = held(conn, side);
  if (block == 0) return;
  let p = at(block) + 4;
  const end = p + heldLength(conn, side);
  // At most DETECT_BYTES_MAX bytes: fewer rows than a step may write.
  while (p < end) p = step(conn, side, p, end);
  store<u32>(conn + <usize>side * 4, 0, CONN_HELD);
  store<u16>(conn + <usize>side * 2, 0, CONN_HELD_LENGTH);
  release(conn, block);
}
