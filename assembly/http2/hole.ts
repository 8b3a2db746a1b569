/**
 * Holes: bytes of a direction that are missing. A hole within a frame of a known length is passed
 * over; behind any other the next likely frame head is looked for, and what was known of the
 * direction, its table before all, is unknown.
 */
import { NOTE_REQUEST_GAP, NOTE_RESPONSE_GAP, note } from "../core/call";
import { DIRECTION_SIZE, isClient } from "../core/conn-layout";
import { redact, setMidJoin } from "../core/stream";
import { skipMessageBytes } from "../grpc/messages";
import { forgetTable } from "../hpack/dynamic-table";
import { DATA, HEAD_BYTES, isAnchor, isFragment } from "./frame";
import { beginFrame, enter } from "./frames";
import { dropFragments, loseBlock } from "./header-block";
import { onHole } from "./outcome";
import {
  DIRECTION_BEGUN,
  DIRECTION_FOUND,
  DIRECTION_UNSURE,
  DIR_HEAD,
  DIR_HELD,
  DIR_LEFT,
  DIR_NOTES,
  DIR_PADDING,
  DIR_STATE,
  DIR_STREAM,
  DIR_TYPE,
  STATE_BODY,
  STATE_LOST,
  STATE_PADDING,
  tableOf,
} from "./state";
import { STREAM_GRPC, findStream, messagesOf, streamFlags } from "./streams";

/** `size` bytes are missing, 0: nobody knows how many. */
export function onGap(conn: usize, side: u32, dir: usize, size: u32): void {
  if (size != 0 && skipInFrame(conn, side, dir, size)) return;
  if ((load<u8>(dir, DIR_NOTES) & DIRECTION_BEGUN) == 0) setMidJoin(conn);
  lose(conn, side, dir);
  onHole(conn, isClient(conn, side));
}

/**
 * `size` bytes are missing. True when they are all of the body or the padding at hand: the frame
 * goes on behind them. A header block with a hole is lost, and the table with it.
 */
function skipInFrame(conn: usize, side: u32, dir: usize, size: u32): bool {
  const state = load<u8>(dir, DIR_STATE);
  if (state != STATE_BODY && state != STATE_PADDING) return false;
  const left = load<u32>(dir, DIR_LEFT);
  const padding = <u32>load<u8>(dir, DIR_PADDING);
  if (size > left + padding) return false;
  const part = min(left, size);
  if (part > 0) skipBody(conn, side, dir, part);
  store<u32>(dir, left - part, DIR_LEFT);
  store<u8>(dir, <u8>(padding - (size - part)), DIR_PADDING);
  if (state == STATE_PADDING || part == left) enter(conn, side, dir, state);
  return true;
}

function skipBody(conn: usize, side: u32, dir: usize, size: u32): void {
  const type = load<u8>(dir, DIR_TYPE);
  if (isFragment(type)) {
    loseBlock(conn, dir);
    forgetTable(conn, tableOf(conn, side));
    return;
  }
  const call = type == DATA ? findStream(conn, load<u32>(dir, DIR_STREAM)) : 0;
  if (call == 0) return;
  const isRequest = isClient(conn, side);
  note(call, isRequest ? NOTE_REQUEST_GAP : NOTE_RESPONSE_GAP);
  if (streamFlags(call) & STREAM_GRPC) skipMessageBytes(messagesOf(call, isRequest), size);
}

/** Looks for the next likely frame head; what it passes dies. */
export function whereLost(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const begin = p;
  const head = dir + DIR_HEAD;
  while (p < end && load<u8>(dir, DIR_HELD) < HEAD_BYTES) {
    let held = <u32>load<u8>(dir, DIR_HELD);
    // The same search where nothing is held and all of a head is at hand.
    while (held == 0 && p + HEAD_BYTES <= end && !isAnchor(p, HEAD_BYTES)) p++;
    store<u8>(head + held, load<u8>(p++));
    store<u8>(dir, <u8>(held + 1), DIR_HELD);
    if (!isAnchor(head, held + 1)) shiftHeld(dir);
  }
  redact(begin, p);
  if (load<u8>(dir, DIR_HELD) < HEAD_BYTES) return p;
  store<u8>(dir, DIRECTION_BEGUN | DIRECTION_UNSURE | DIRECTION_FOUND, DIR_NOTES);
  beginFrame(conn, side, dir, head);
  return p;
}

/** Drops held bytes, one at least, until the rest may begin a head; no other byte is kept. */
function shiftHeld(dir: usize): void {
  const head = dir + DIR_HEAD;
  let held = <u32>load<u8>(dir, DIR_HELD);
  do {
    held--;
    memory.copy(head, head + 1, held);
    store<u8>(head + held, 0);
  } while (!isAnchor(head, held));
  store<u8>(dir, <u8>held, DIR_HELD);
}

/** Frames are missing: nothing is known before the next head that is found. */
export function lose(conn: usize, side: u32, dir: usize): void {
  dropFragments(conn, dir);
  forgetTable(conn, tableOf(conn, side));
  // No byte that was held stays.
  memory.fill(dir, 0, DIRECTION_SIZE);
  store<u8>(dir, STATE_LOST, DIR_STATE);
  store<u8>(dir, DIRECTION_BEGUN | DIRECTION_UNSURE, DIR_NOTES);
}

/** The `have` bytes of [head, head + have) are no frame head: one may begin within them. */
export function searchBehind(
  conn: usize,
  side: u32,
  dir: usize,
  head: usize,
  have: u32,
): void {
  const first = load<u64>(head);
  const last = load<u8>(head, HEAD_BYTES - 1);
  lose(conn, side, dir);
  store<u64>(dir, first, DIR_HEAD);
  store<u8>(dir, last, DIR_HEAD + HEAD_BYTES - 1);
  memory.fill(dir + DIR_HEAD + have, 0, HEAD_BYTES - have);
  store<u8>(dir, <u8>have, DIR_HELD);
  shiftHeld(dir);
}
