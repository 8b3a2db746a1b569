/**
 * The parts of a frame, RFC 9113 6, and what it means when they are complete.
 *
 *   DATA, HEADERS, PUSH_PROMISE   [ pad-length(8) ] [ priority(40) / promised stream(32) ] body
 *                                 [ padding ]
 *   RST_STREAM   error code(32)
 *   GOAWAY       last stream(32) error code(32) debug data
 *
 * Nothing of any other type is read; SETTINGS neither: how large a table is says the encoder in
 * the header blocks themselves (RFC 7541 6.3), and that it may is between the peers.
 */
import { addRequestBytes, addResponseBytes } from "../core/call";
import { CONN_FLAGS, CONN_FLAG_PROVEN, isClient } from "../core/conn-layout";
import { malformed, redact, setMidJoin } from "../core/stream";
import { countMessages } from "../grpc/messages";
import { forgetTable } from "../hpack/dynamic-table";
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  HEAD_BYTES,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  frameFlags,
  frameLength,
  frameStream,
  frameType,
  isAnchor,
  isFragment,
  isKnown,
  isLikely,
  isPadded,
  isValid,
  prefixOf,
} from "./frame";
import { addBlockBytes, collect, endBlock, hasFragments, openBlock } from "./header-block";
import { complete, emitAnswered, onGoaway, onReset } from "./outcome";
import {
  BLOCK_END_STREAM,
  BLOCK_PROMISE,
  DIRECTION_BEGUN,
  DIRECTION_FOUND,
  DIRECTION_UNSURE,
  DIR_BLOCK_STREAM,
  DIR_FLAGS,
  DIR_HEAD,
  DIR_HELD,
  DIR_LEFT,
  DIR_NOTES,
  DIR_PADDING,
  DIR_PREFIX,
  DIR_STATE,
  DIR_STREAM,
  DIR_TYPE,
  SESSION_PROMISED,
  STATE_BODY,
  STATE_BROKEN,
  STATE_HEAD,
  STATE_PADDING,
  STATE_PAD_LENGTH,
  STATE_PREFIX,
  sessionOf,
  tableOf,
} from "./state";
import { STREAM_GRPC, findStream, messagesOf, streamFlags } from "./streams";

/** The grammar broke at `p`; what was decided before stays. */
export function broken(conn: usize, p: usize, end: usize): usize {
  if (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_PROVEN) emitAnswered(conn);
  return malformed(conn, p, end);
}

/** A frame with this head begins; false when it is no head, or cannot come here. */
export function beginFrame(conn: usize, side: u32, dir: usize, head: usize): bool {
  const type = frameType(head);
  const flags = frameFlags(head);
  const stream = frameStream(head);
  const open = load<u32>(dir, DIR_BLOCK_STREAM);
  // 6.10: between the fragments of a block comes nothing else.
  if (type == CONTINUATION ? open == 0 || open != stream : open != 0) return false;
  const notes = load<u8>(dir, DIR_NOTES);
  if (!isExpected(notes, head)) return false;
  if ((notes & DIRECTION_BEGUN) == 0) beginDirection(conn, side, dir, type, flags);
  else if (notes & DIRECTION_FOUND) store<u8>(dir, notes & ~DIRECTION_FOUND, DIR_NOTES);
  else store<u8>(dir, notes & ~DIRECTION_UNSURE, DIR_NOTES);

  const length = frameLength(head);
  const prefix = prefixOf(type, flags);
  store<u8>(dir, type, DIR_TYPE);
  store<u8>(dir, isKnown(type) ? flags : 0, DIR_FLAGS);
  store<u32>(dir, isKnown(type) ? stream : 0, DIR_STREAM);
  store<u32>(dir, length - prefix, DIR_LEFT);
  store<u8>(dir, 0, DIR_PADDING);
  store<u8>(dir, <u8>prefix, DIR_PREFIX);
  forgetHead(dir);
  if (type == DATA) addDataBytes(conn, side, stream, HEAD_BYTES + length);
  else if (isFragment(type)) beginFragment(dir, type, flags, stream, HEAD_BYTES + length);
  enter(conn, side, dir, isPadded(type, flags) ? STATE_PAD_LENGTH : STATE_PREFIX);
  return true;
}

/** Whether the head is good enough for what is known of the direction. */
function isExpected(notes: u8, head: usize): bool {
  if ((notes & DIRECTION_UNSURE) == 0) return isValid(head);
  return notes & DIRECTION_BEGUN ? isAnchor(head, HEAD_BYTES) : isLikely(head, HEAD_BYTES);
}

/** No byte of a head or a prefix stays behind it. */
export function forgetHead(dir: usize): void {
  memory.fill(dir + DIR_HEAD, 0, HEAD_BYTES);
  store<u8>(dir, 0, DIR_HELD);
}

/** A direction that begins with SETTINGS is seen from its beginning: 3.4. */
function beginDirection(conn: usize, side: u32, dir: usize, type: u8, flags: u8): void {
  if (type == SETTINGS && (flags & ACK) == 0) {
    store<u8>(dir, DIRECTION_BEGUN, DIR_NOTES);
    return;
  }
  store<u8>(dir, DIRECTION_BEGUN | DIRECTION_UNSURE, DIR_NOTES);
  forgetTable(conn, tableOf(conn, side));
  setMidJoin(conn);
}

function addDataBytes(conn: usize, side: u32, stream: u32, bytes: u32): void {
  const call = findStream(conn, stream);
  if (call == 0) return;
  if (isClient(conn, side)) addRequestBytes(call, bytes);
  else addResponseBytes(call, bytes);
}

function beginFragment(dir: usize, type: u8, flags: u8, stream: u32, bytes: u32): void {
  if (type == HEADERS) openBlock(dir, stream, flags & END_STREAM ? BLOCK_END_STREAM : 0);
  if (type == PUSH_PROMISE) openBlock(dir, stream, BLOCK_PROMISE);
  addBlockBytes(dir, bytes);
}

/** Goes on to the part of the frame, or to the first behind it that is not empty. */
export function enter(conn: usize, side: u32, dir: usize, state: u8): void {
  if (state == STATE_PREFIX && load<u8>(dir, DIR_PREFIX) == 0) state = STATE_BODY;
  if (state == STATE_BODY && load<u32>(dir, DIR_LEFT) == 0) {
    const isDecoded = !endsBlock(dir) || endBlock(conn, side, dir, 0, 0);
    state = isDecoded ? STATE_PADDING : STATE_BROKEN;
  }
  if (state == STATE_PADDING && load<u8>(dir, DIR_PADDING) == 0) {
    endFrame(conn, side, dir);
    state = STATE_HEAD;
  }
  store<u8>(dir, state, DIR_STATE);
}

@inline
function endsBlock(dir: usize): bool {
  return isFragment(load<u8>(dir, DIR_TYPE)) && (load<u8>(dir, DIR_FLAGS) & END_HEADERS) != 0;
}

function endFrame(conn: usize, side: u32, dir: usize): void {
  if (load<u8>(dir, DIR_TYPE) != DATA) return;
  const call = findStream(conn, load<u32>(dir, DIR_STREAM));
  if (call == 0) return;
  if (isClient(conn, side)) {
    addRequestBytes(call, 0);
    return;
  }
  addResponseBytes(call, 0);
  if (load<u8>(dir, DIR_FLAGS) & END_STREAM) complete(conn, call);
}

export function atPadLength(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const padding = <u32>load<u8>(p);
  const left = load<u32>(dir, DIR_LEFT) - 1;
  if (padding > left) return broken(conn, p, end);
  redact(p, p + 1);
  store<u8>(dir, <u8>padding, DIR_PADDING);
  store<u32>(dir, left - padding, DIR_LEFT);
  enter(conn, side, dir, STATE_PREFIX);
  return p + 1;
}

export function atPrefix(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const held = <u32>load<u8>(dir, DIR_HELD);
  const size = <u32>load<u8>(dir, DIR_PREFIX);
  const part = min(size - held, <u32>(end - p));
  memory.copy(dir + DIR_HEAD + held, p, part);
  redact(p, p + part);
  store<u8>(dir, <u8>(held + part), DIR_HELD);
  if (held + part < size) return p + part;
  const first = bswap<u32>(load<u32>(dir, DIR_HEAD));
  forgetHead(dir);
  const type = load<u8>(dir, DIR_TYPE);
  // 6.6: a server promises streams of its own.
  if (type == PUSH_PROMISE && (first & 1) != 0) return broken(conn, p + part, end);
  onPrefix(conn, side, type, load<u32>(dir, DIR_STREAM), first);
  enter(conn, side, dir, STATE_BODY);
  return p + part;
}

function onPrefix(conn: usize, side: u32, type: u8, stream: u32, first: u32): void {
  if (type == PUSH_PROMISE) {
    store<u32>(sessionOf(conn) + <usize>side * 4, first & 0x7fffffff, SESSION_PROMISED);
  } else if (type == RST_STREAM) {
    onReset(conn, stream, first);
  } else if (type == GOAWAY && !isClient(conn, side)) {
    onGoaway(conn, first & 0x7fffffff);
  }
}

export function atBody(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const left = load<u32>(dir, DIR_LEFT);
  const part = min(left, <u32>(end - p));
  const next = p + part;
  const type = load<u8>(dir, DIR_TYPE);
  store<u32>(dir, left - part, DIR_LEFT);
  if (type == DATA) onData(conn, side, load<u32>(dir, DIR_STREAM), p, next);
  const isDecoded = !isFragment(type) || onFragment(conn, side, dir, p, next);
  redact(p, next);
  if (!isDecoded) store<u8>(dir, STATE_BROKEN, DIR_STATE);
  else if (part == left) enter(conn, side, dir, STATE_PADDING);
  return next;
}

function onData(conn: usize, side: u32, stream: u32, p: usize, end: usize): void {
  const call = findStream(conn, stream);
  if (call == 0 || (streamFlags(call) & STREAM_GRPC) == 0) return;
  countMessages(messagesOf(call, isClient(conn, side)), p, end);
}

/** False: the block ended and cannot be decoded. */
function onFragment(conn: usize, side: u32, dir: usize, p: usize, end: usize): bool {
  const isLast = load<u32>(dir, DIR_LEFT) == 0 && endsBlock(dir);
  const isWhole = isLast && !hasFragments(dir);
  if (!isWhole) collect(conn, dir, p, <u32>(end - p));
  return !isLast || endBlock(conn, side, dir, isWhole ? p : 0, end);
}

export function atPadding(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const left = <u32>load<u8>(dir, DIR_PADDING);
  const part = min(left, <u32>(end - p));
  redact(p, p + part);
  store<u8>(dir, <u8>(left - part), DIR_PADDING);
  if (part == left) enter(conn, side, dir, STATE_PADDING);
  return p + part;
}
