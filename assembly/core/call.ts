/**
 * Pending calls: a request was seen, its response is awaited. One block each, in the order of the
 * requests. A protocol fills in what it learns and calls `emitCall` when the call is complete, or
 * gives it up; what is left when the connection ends is given up by the engine.
 *
 *    0  u32  next pending call        4  u32  key: stream id, correlation id, DNS id
 *    8  u64  first request byte, ns  16  u64  last request byte (retries: of the first)
 *   24  u64  first response byte     32  u64  last response byte; 0 none yet
 *   40  u64  request bytes           48  u64  response bytes (real sizes, gaps included)
 *   56  u32  notes: NOTE_*
 *   60  u8   protocol: PROTO_*       61  u8   error: 1
 *   62  u8   method length           63  u8   status length
 *   64  u8   CALL_FLAG_*
 *   66  u16  the protocol's own, 68 u32 [3] the protocol's own
 *   80  {u32, u32} resource (text.ts)
 *   88  u8   [16] trace id, 104 u8 [8] parent span id (binary)
 *  112  u8   [48] method             160  u8  [16] status
 *  176  u8   [76] the protocol's own   252 u32  previous pending call
 */
import { RESOURCE_OFF, now, resourceMode } from "./ctx";
import {
  COUNT_CALLS,
  COUNT_CALLS_UNANSWERED,
  COUNT_CALLS_UNREPORTED,
  count,
} from "./counters";
import {
  CONN_FLAGS,
  CONN_FLAG_PROVEN,
  CONN_NOTES,
  CONN_PENDING_COUNT,
  CONN_PENDING_FIRST,
  CONN_PENDING_LAST,
} from "./conn-layout";
import { PENDING_MAX } from "./limits";
import { hasRow, writeRow } from "./out";
import { allocate, at, blockOf, next, release, setNext } from "./pool";
import { append, releaseText } from "./text";

export const CALL_KEY: usize = 4;
export const CALL_REQUEST_NS: usize = 8;
export const CALL_REQUEST_END_NS: usize = 16;
export const CALL_RESPONSE_NS: usize = 24;
export const CALL_RESPONSE_END_NS: usize = 32;
export const CALL_REQUEST_BYTES: usize = 40;
export const CALL_RESPONSE_BYTES: usize = 48;
export const CALL_NOTES: usize = 56;
export const CALL_PROTOCOL: usize = 60;
export const CALL_ERROR: usize = 61;
export const CALL_METHOD_LENGTH: usize = 62;
export const CALL_STATUS_LENGTH: usize = 63;
export const CALL_FLAGS: usize = 64;
export const CALL_OWN_16: usize = 66;
export const CALL_OWN: usize = 68;
export const CALL_RESOURCE: usize = 80;
export const CALL_TRACE_ID: usize = 88;
export const CALL_SPAN_ID: usize = 104;
export const CALL_METHOD: usize = 112;
export const CALL_METHOD_SIZE: u32 = 48;
export const CALL_STATUS: usize = 160;
export const CALL_STATUS_SIZE: u32 = 16;
export const CALL_OWN_BYTES: usize = 176;
export const CALL_OWN_BYTES_SIZE: u32 = 76;
const CALL_PREVIOUS: usize = 252;

/** A traceparent was read. */
export const CALL_FLAG_TRACE: u8 = 1;
/** The method is the resource without its first byte (gRPC). */
export const CALL_FLAG_METHOD_IS_RESOURCE: u8 = 2;

/** The closed list of notes; names: src/wasm/abi.ts. */
export const NOTE_NO_RESPONSE: u32 = 1 << 0;
export const NOTE_REQUEST_GAP: u32 = 1 << 1;
export const NOTE_RESPONSE_GAP: u32 = 1 << 2;
export const NOTE_RESOURCE_CUT: u32 = 1 << 3;
export const NOTE_MID_JOIN: u32 = 1 << 4;
export const NOTE_RESET: u32 = 1 << 5;
export const NOTE_EVICTED: u32 = 1 << 6;
export const NOTE_TIMEOUT: u32 = 1 << 7;
export const NOTE_RETRIED: u32 = 1 << 8;
export const NOTE_UPGRADED: u32 = 1 << 9;
/** A field was needed from a table entry that was not seen: it is left empty. */
export const NOTE_UNKNOWN_FIELD: u32 = 1 << 10;
export const NOTE_INTERIM: u32 = 1 << 11;
export const NOTE_TRAILERS_ONLY: u32 = 1 << 12;
export const NOTE_PUSHED: u32 = 1 << 13;
export const NOTE_STATUS_FROM_HTTP: u32 = 1 << 14;
export const NOTE_TOPIC_UNRESOLVED: u32 = 1 << 15;
export const NOTE_MALFORMED: u32 = 1 << 16;
export const NOTE_TRUNCATED: u32 = 1 << 17;

/** A new pending call at the end of the list, its request beginning now; 0 when there is no room. */
export function openCall(conn: usize, protocol: u8): usize {
  if (load<u32>(conn, CONN_PENDING_COUNT) >= PENDING_MAX) {
    const oldest = load<u32>(conn, CONN_PENDING_FIRST);
    giveUp(conn, at(oldest), NOTE_EVICTED);
  }
  const block = allocate(conn);
  if (block == 0) return 0;
  const last = load<u32>(conn, CONN_PENDING_LAST);
  if (last == 0) store<u32>(conn, block, CONN_PENDING_FIRST);
  else setNext(last, block);
  store<u32>(conn, block, CONN_PENDING_LAST);
  store<u32>(conn, load<u32>(conn, CONN_PENDING_COUNT) + 1, CONN_PENDING_COUNT);
  const call = at(block);
  store<u32>(call, last, CALL_PREVIOUS);
  store<u8>(call, protocol, CALL_PROTOCOL);
  store<u64>(call, now(), CALL_REQUEST_NS);
  store<u64>(call, now(), CALL_REQUEST_END_NS);
  return call;
}

/** Address of the first pending call, 0 when there is none. */
export function firstCall(conn: usize): usize {
  const block = load<u32>(conn, CONN_PENDING_FIRST);
  return block == 0 ? 0 : at(block);
}

/** Address of the pending call behind this one, 0 at the end. */
export function nextCall(call: usize): usize {
  const block = load<u32>(call);
  return block == 0 ? 0 : at(block);
}

/** The pending call with the key, oldest first; at most PENDING_MAX steps. 0 when there is none. */
export function findCall(conn: usize, key: u32): usize {
  let call = firstCall(conn);
  while (call != 0 && load<u32>(call, CALL_KEY) != key) call = nextCall(call);
  return call;
}

export function note(call: usize, notes: u32): void {
  store<u32>(call, load<u32>(call, CALL_NOTES) | notes, CALL_NOTES);
}

export function addRequestBytes(call: usize, bytes: u64): void {
  store<u64>(call, load<u64>(call, CALL_REQUEST_BYTES) + bytes, CALL_REQUEST_BYTES);
  store<u64>(call, now(), CALL_REQUEST_END_NS);
}

/** Counts bytes of the response, and times its first and last. */
export function addResponseBytes(call: usize, bytes: u64): void {
  store<u64>(call, load<u64>(call, CALL_RESPONSE_BYTES) + bytes, CALL_RESPONSE_BYTES);
  if (load<u64>(call, CALL_RESPONSE_NS) == 0) store<u64>(call, now(), CALL_RESPONSE_NS);
  store<u64>(call, now(), CALL_RESPONSE_END_NS);
}

export function setMethod(call: usize, p: usize, size: u32): void {
  size = min(size, CALL_METHOD_SIZE);
  memory.copy(call + CALL_METHOD, p, size);
  store<u8>(call, <u8>size, CALL_METHOD_LENGTH);
}

export function setStatus(call: usize, p: usize, size: u32): void {
  size = min(size, CALL_STATUS_SIZE);
  memory.copy(call + CALL_STATUS, p, size);
  store<u8>(call, <u8>size, CALL_STATUS_LENGTH);
}

/** A decimal status such as an HTTP or gRPC code. */
export function setStatusNumber(call: usize, value: i32): void {
  let at = call + CALL_STATUS;
  let rest = <u32>(value < 0 ? -value : value);
  let size: u32 = value < 0 ? 1 : 0;
  if (value < 0) store<u8>(at, 0x2d);
  let digits: u32 = 1;
  for (let power = rest; power >= 10; power /= 10) digits++;
  size += digits;
  for (let place = size; digits > 0; digits--, rest /= 10) {
    place--;
    store<u8>(at + place, <u8>(0x30 + rest % 10));
  }
  store<u8>(call, <u8>size, CALL_STATUS_LENGTH);
}

/** Adds to the resource unless l7_resource is off. */
export function addResource(conn: usize, call: usize, p: usize, size: u32): void {
  if (resourceMode() == RESOURCE_OFF || size == 0) return;
  if (!append(conn, call + CALL_RESOURCE, p, size)) note(call, NOTE_RESOURCE_CUT);
}

/** The call is complete: a row, and its block is free. SAFETY: out.hasRoom() held before the step. */
export function emitCall(conn: usize, call: usize): void {
  count(COUNT_CALLS);
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_PROVEN, CONN_FLAGS);
  note(call, load<u32>(conn, CONN_NOTES));
  writeRow(conn, call);
  dropCall(conn, call);
}

/** The response will not come any more: emitted with an empty status and notes. */
export function giveUp(conn: usize, call: usize, notes: u32): void {
  count(COUNT_CALLS_UNANSWERED);
  note(call, notes | NOTE_NO_RESPONSE | load<u32>(conn, CONN_NOTES));
  store<u8>(call, 0, CALL_STATUS_LENGTH);
  // A thousand may be given up at once, when a connection ends: more than a step has room for.
  if (hasRow()) writeRow(conn, call);
  else count(COUNT_CALLS_UNREPORTED);
  dropCall(conn, call);
}

/** Give up all pending calls of the connection. */
export function giveUpAll(conn: usize, notes: u32): void {
  for (let call = firstCall(conn); call != 0; call = firstCall(conn)) giveUp(conn, call, notes);
}

/** Forget all pending calls: the guess of the protocol was wrong. */
export function dropAll(conn: usize): void {
  for (let call = firstCall(conn); call != 0; call = firstCall(conn)) dropCall(conn, call);
}

/** Forget a pending call without a row (a withdrawn guess, a message that is no call). */
export function dropCall(conn: usize, call: usize): void {
  const block = blockOf(call);
  const previous = load<u32>(call, CALL_PREVIOUS);
  const following = next(block);
  if (previous == 0) store<u32>(conn, following, CONN_PENDING_FIRST);
  else setNext(previous, following);
  if (following == 0) store<u32>(conn, previous, CONN_PENDING_LAST);
  else store<u32>(at(following), previous, CALL_PREVIOUS);
  store<u32>(conn, load<u32>(conn, CONN_PENDING_COUNT) - 1, CONN_PENDING_COUNT);
  releaseText(conn, call + CALL_RESOURCE);
  release(conn, block);
}
