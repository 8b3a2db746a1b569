/**
 * One TCP segment (RFC 9293 3.1): which connection it belongs to, what of it is new, and what it
 * says of the other side's bytes. The byte that came first counts; bytes that came too early wait
 * in the queue. A segment may come again because the output was full: what was taken of it is
 * then old by its sequence number.
 *
 *   u16 source port  u16 destination port  u32 sequence  u32 acknowledgement
 *   u4 head length / 4  u4 reserved  u8 flags  u16 window  u16 checksum  u16 urgent  options
 */
import { lookUp, sideFound } from "../core/conn";
import {
  COUNT_TCP_BYTES_DROPPED,
  COUNT_TCP_DROPPED,
  COUNT_TCP_OUT_OF_ORDER,
  COUNT_TCP_RETRANSMITTED,
  COUNT_TCP_SEGMENTS,
} from "../core/counters";
import {
  DESTINATION,
  END_AGAIN,
  END_OTHER,
  END_TAKEN,
  IP_TCP,
  SOURCE,
  at,
  be16,
  be32,
  family,
  isRetaken,
  left,
  real,
  skip,
  tally,
} from "./layers";
import { closeWhenDone, resetTcp } from "./tcp-close";
import {
  deliver,
  deliverGap,
  deliverQueue,
  giveUpFirst,
  isAwaited,
  settle,
} from "./tcp-deliver";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, join, synchronise } from "./tcp-open";
import { enqueue, firstRun } from "./tcp-queue";
import {
  CLOSED_RESET,
  SIDE_ACKED,
  SIDE_CONFIRMED,
  SIDE_DATA,
  SIDE_FIN,
  SIDE_FIN_AT,
  SIDE_HOLE,
  SIDE_KNOWN,
  SIDE_UNSEEN,
  clearFlag,
  closedAs,
  distance,
  hasFlag,
  nextOf,
  setFlag,
  setNextOf,
  sideOf,
} from "./tcp-state";
import { addTraffic } from "./traffic";

/** How far a reset may be from the next byte to be believed: a window, RFC 9293 3.10.7.4. */
const RESET_WINDOW: i32 = 1 << 20;

export function takeSegment(): i32 {
  if (left() < 20) return END_OTHER;
  const head = at();
  const size = (<u32>load<u8>(head, 12) >> 4) * 4;
  if (size < 20 || real() < size) return END_OTHER;
  const isWhole = skip(size);
  // A head cut by the capture: the options are lost, the number of payload bytes is not.
  const payload = isWhole ? real() : real() - size;
  const captured = isWhole ? left() : 0;
  const p = at();
  const flags = load<u8>(head, 13);
  const conn = connectionOf(head, flags, payload);
  if (conn == 0) return END_AGAIN;
  const side = sideFound();
  tally(COUNT_TCP_SEGMENTS);
  addTraffic(conn, side, payload);
  return segment(conn, side, head, flags, p, captured, payload) ? END_TAKEN : END_AGAIN;
}

/** The connection, perhaps a new one of the same ports; 0 when the output is full. */
function connectionOf(head: usize, flags: u8, payload: u32): usize {
  const source = be16(head);
  const destination = be16(head + 2);
  const conn = lookUp(IP_TCP, family(), SOURCE, source, DESTINATION, destination);
  if ((flags & (TCP_SYN | TCP_RST)) != TCP_SYN) {
    join(conn, sideFound(), be32(head + 4), flags, payload);
    return conn;
  }
  return synchronise(conn, sideFound(), head, flags);
}

/** False when the output is full. */
function segment(
  conn: usize,
  side: u32,
  head: usize,
  flags: u8,
  p: usize,
  captured: u32,
  real: u32,
): bool {
  const own = sideOf(conn, side);
  const sequence = be32(head + 4) + (flags & TCP_SYN ? 1 : 0);
  const isNew = !isRetaken();
  if (flags & TCP_RST) {
    const isBegun = (closedAs(conn) & CLOSED_RESET) != 0;
    if (isBegun || isResetValid(conn, side, head, flags)) return resetTcp(conn);
    tally(COUNT_TCP_DROPPED);
    return true;
  }
  // After a reset nothing counts: late copies, and what was still on its way.
  if (closedAs(conn) & CLOSED_RESET) {
    if (real > 0) tally(COUNT_TCP_DROPPED);
    return true;
  }
  if (flags & TCP_ACK && isNew) acknowledge(sideOf(conn, 1 - side), be32(head + 8));
  if (flags & TCP_FIN && !hasFlag(own, SIDE_FIN)) {
    setFlag(own, SIDE_FIN);
    store<u32>(own, sequence + real, SIDE_FIN_AT);
    if (real == 0 && hasFlag(own, SIDE_UNSEEN)) setNextOf(own, sequence);
  }
  if (!takePayload(conn, side, sequence, p, captured, real)) return false;
  if (!settle(conn, 1 - side, isNew) || !settle(conn, side, isNew)) return false;
  return closeWhenDone(conn);
}

/** What the sender has of the other side's bytes. */
function acknowledge(other: usize, acknowledged: u32): void {
  if (!hasFlag(other, SIDE_KNOWN)) {
    setFlag(other, SIDE_KNOWN | SIDE_UNSEEN);
    setNextOf(other, acknowledged);
    return;
  }
  const beyond = distance(acknowledged, nextOf(other));
  if (beyond <= 0) return;
  // One direction alone was captured: nothing is awaited of the other.
  if (hasFlag(other, SIDE_UNSEEN)) {
    if (!hasFlag(other, SIDE_FIN)) setNextOf(other, acknowledged);
    return;
  }
  if (!hasFlag(other, SIDE_HOLE)) {
    setFlag(other, SIDE_HOLE);
    store<u8>(other, 0, SIDE_CONFIRMED);
    store<u32>(other, acknowledged, SIDE_ACKED);
  } else if (distance(acknowledged, load<u32>(other, SIDE_ACKED)) > 0) {
    store<u32>(other, acknowledged, SIDE_ACKED);
  }
}

/** `real` bytes beginning at `sequence`, of which `captured` are at `p`. */
function takePayload(
  conn: usize,
  side: u32,
  sequence: u32,
  p: usize,
  captured: u32,
  real: u32,
): bool {
  const own = sideOf(conn, side);
  // Nothing was delivered: earlier bytes than were acknowledged may still be the first.
  if (real > 0 && hasFlag(own, SIDE_UNSEEN)) {
    clearFlag(own, SIDE_UNSEEN);
    if (distance(sequence, nextOf(own)) < 0) setNextOf(own, sequence);
  }
  // Nothing follows a FIN.
  if (hasFlag(own, SIDE_FIN)) {
    const room = distance(load<u32>(own, SIDE_FIN_AT), sequence);
    real = room <= 0 ? 0 : min(real, <u32>room);
    captured = min(captured, real);
  }
  if (real > 0) {
    setFlag(own, SIDE_DATA);
    const early = distance(sequence, nextOf(own));
    if (early < 0) tally(COUNT_TCP_RETRANSMITTED);
    if (early > 0) tally(COUNT_TCP_OUT_OF_ORDER);
  }
  return placePayload(conn, side, sequence, p, captured, real);
}

/** To the protocol when it follows, else into the queue; where that is full, holes are given up. */
function placePayload(
  conn: usize,
  side: u32,
  sequence: u32,
  p: usize,
  captured: u32,
  real: u32,
): bool {
  const own = sideOf(conn, side);
  let isHeld = isAwaited(sideOf(conn, 1 - side));
  // Each turn but the last gives up a hole, or trims what became old by that.
  for (;;) {
    const old = min(real, <u32>max(distance(nextOf(own), sequence), 0));
    sequence += old;
    real -= old;
    p += min(old, captured);
    captured -= min(old, captured);
    if (real == 0) break;
    if (sequence == nextOf(own) && firstRun(own) == 0 && !isHeld) {
      if (!deliver(conn, side, p, captured)) return false;
      if (!deliverGap(conn, side, real - captured)) return false;
      break;
    }
    if (queueBoth(conn, own, sequence, p, captured, real - captured)) break;
    // What finds no place in an empty queue is a hole that shows itself later.
    if (firstRun(own) == 0) {
      tally(COUNT_TCP_BYTES_DROPPED, captured);
      return true;
    }
    if (!giveUpFirst(conn, side)) return false;
    isHeld = false;
  }
  return isHeld || deliverQueue(conn, side, true);
}

/** The bytes that were captured, and the number of those behind them that were cut off. */
function queueBoth(
  conn: usize,
  own: usize,
  sequence: u32,
  p: usize,
  captured: u32,
  cut: u32,
): bool {
  if (!enqueue(conn, own, sequence, p, captured)) return false;
  return enqueue(conn, own, sequence + captured, 0, cut);
}

/** In the window, or the answer to a SYN, which has no sequence number of its own. */
function isResetValid(conn: usize, side: u32, head: usize, flags: u8): bool {
  const own = sideOf(conn, side);
  const other = sideOf(conn, 1 - side);
  if (hasFlag(own, SIDE_KNOWN) && !hasFlag(own, SIDE_UNSEEN)) {
    const away = distance(be32(head + 4), nextOf(own));
    return away < RESET_WINDOW && away > -RESET_WINDOW;
  }
  if (!(flags & TCP_ACK) || !hasFlag(other, SIDE_KNOWN)) return true;
  const away = distance(be32(head + 8), nextOf(other));
  return away < RESET_WINDOW && away > -RESET_WINDOW;
}
