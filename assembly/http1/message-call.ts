/**
 * The calls of an HTTP/1 connection: a request opens one, the responses come in the order of the
 * requests (RFC 9112 9.3), and a call is emitted when its response is complete.
 *
 * A response whose request was not seen is a call without method and path, noted as such.
 */
import {
  CALL_ERROR,
  CALL_NOTES,
  CALL_OWN_16,
  CALL_REQUEST_BYTES,
  CALL_REQUEST_NS,
  CALL_RESOURCE,
  CALL_RESPONSE_BYTES,
  CALL_RESPONSE_END_NS,
  CALL_RESPONSE_NS,
  NOTE_EVICTED,
  NOTE_RESPONSE_GAP,
  NOTE_UNKNOWN_FIELD,
  dropCall,
  emitCall,
  firstCall,
  giveUp,
  nextCall,
  note,
  openCall,
  setMethod,
  setStatusNumber,
} from "../core/call";
import { CONN_PENDING_COUNT, PROTO_HTTP1 } from "../core/conn-layout";
import { COUNT_CALLS_UNREPORTED, COUNT_RESPONSES_ORPHANED, count } from "../core/counters";
import { errorStatusFrom, now } from "../core/ctx";
import { PENDING_MAX } from "../core/limits";
import { hasRow } from "../core/out";
import { releaseText } from "../core/text";
import { SLOT_WORD } from "../abi";
import { START_WORD_BYTES_MAX } from "../limits";
import {
  MARK_LOST,
  MARK_PIPELINED,
  answersGone,
  callOf,
  clientSlot,
  mark,
  marked,
  serverSlot,
  setAnswersGone,
  setCall,
  statusOf,
} from "./direction";
import { forgetTrace } from "./fields";

/** Bits of the protocol's own word of a call. */
export const CALL_IS_HEAD: u16 = 1;
export const CALL_IS_CONNECT: u16 = 2;
/** The request line is whole: this is a request. */
export const CALL_IS_SURE: u16 = 4;
/** No request was seen: the response alone. */
export const CALL_IS_ORPHAN: u16 = 8;

/** HEAD and _OTHER as little-endian numbers. */
const HEAD: u32 = 0x44414548;
const OTHER: u64 = 0x524548544f5f;

@inline
export function callHas(call: usize, bits: u16): bool {
  return call != 0 && (load<u16>(call, CALL_OWN_16) & bits) != 0;
}

@inline
export function markCall(call: usize, bits: u16): void {
  if (call != 0) store<u16>(call, load<u16>(call, CALL_OWN_16) | bits, CALL_OWN_16);
}

/** A request begins. Without room the oldest is given up, or this one. */
export function openRequest(conn: usize, slot: usize): void {
  if (load<u32>(conn, CONN_PENDING_COUNT) >= PENDING_MAX) giveUpOldest(conn);
  let call = openCall(conn, PROTO_HTTP1);
  if (call == 0 && giveUpOldest(conn)) call = openCall(conn, PROTO_HTTP1);
  if (call == 0) setAnswersGone(conn, answersGone(conn) + 1);
  setCall(slot, call);
}

/** Its response will come and must not be taken for the next call's. */
function giveUpOldest(conn: usize): bool {
  const call = firstCall(conn);
  if (call == 0) return false;
  if (callOf(serverSlot(conn)) == call) setCall(serverSlot(conn), 0);
  else setAnswersGone(conn, answersGone(conn) + 1);
  release(conn, call);
  giveUp(conn, call, NOTE_EVICTED);
  return true;
}

/** Bytes of the first word of the message, as the slot keeps it. */
export function wordLength(slot: usize): u32 {
  let length: u32 = 0;
  while (length < START_WORD_BYTES_MAX && load<u8>(slot + length, SLOT_WORD) != 0) length++;
  return length;
}

/** The method is in the slot's word, zeros behind it; an empty word is a method on no list. */
export function nameMethod(slot: usize, isConnect: bool): void {
  const call = callOf(slot);
  if (call == 0) return;
  const word = slot + SLOT_WORD;
  const length = wordLength(slot);
  if (length == 0) {
    store<u64>(word, OTHER);
    setMethod(call, word, 6);
    store<u64>(word, 0);
    return;
  }
  setMethod(call, word, length);
  if (length == 4 && load<u32>(word) == HEAD) markCall(call, CALL_IS_HEAD);
  if (isConnect) markCall(call, CALL_IS_CONNECT);
}

/** A response begins: it answers the oldest request, or one that was not seen. */
export function pairResponse(conn: usize, slot: usize): void {
  if (marked(slot, MARK_LOST)) passLostResponses(conn, slot);
  if (answersGone(conn) != 0) return setCall(slot, 0);
  let call = firstCall(conn);
  if (!callHas(call, CALL_IS_SURE)) {
    call = openCall(conn, PROTO_HTTP1);
    if (call != 0) {
      markCall(call, CALL_IS_ORPHAN);
      note(call, NOTE_UNKNOWN_FIELD);
    }
  }
  setCall(slot, call);
}

/**
 * After a hole a client that waits for each response is waiting for that of its latest request:
 * those of the requests before it are lost.
 */
function passLostResponses(conn: usize, slot: usize): void {
  mark(slot, MARK_LOST, false);
  if (marked(slot, MARK_PIPELINED)) return;
  setAnswersGone(conn, 0);
  for (let call = firstCall(conn); call != 0; call = firstCall(conn)) {
    const following = nextCall(call);
    if (following == 0 || !callHas(following, CALL_IS_SURE)) return;
    release(conn, call);
    giveUp(conn, call, NOTE_RESPONSE_GAP);
  }
}

/** No direction works on the call any more. */
export function release(conn: usize, call: usize): void {
  if (callOf(clientSlot(conn)) == call) setCall(clientSlot(conn), 0);
  if (callOf(serverSlot(conn)) == call) setCall(serverSlot(conn), 0);
}

/** The response is over, or what is known of it is all that will be. */
export function emitResponse(conn: usize, slot: usize, notes: u32): void {
  const call = callOf(slot);
  if (call == 0) {
    if (answersGone(conn) != 0) setAnswersGone(conn, answersGone(conn) - 1);
    count(COUNT_RESPONSES_ORPHANED);
    return;
  }
  const following = nextCall(call);
  if (callHas(following, CALL_IS_SURE)) {
    const waited = load<u64>(following, CALL_REQUEST_NS) >= load<u64>(call, CALL_RESPONSE_NS);
    if (!waited) mark(slot, MARK_PIPELINED, true);
  }
  const status = statusOf(slot);
  setStatusNumber(call, status);
  store<u8>(call, status >= errorStatusFrom() ? 1 : 0, CALL_ERROR);
  if (callHas(call, CALL_IS_ORPHAN)) count(COUNT_RESPONSES_ORPHANED);
  note(call, notes);
  forgetTrace(call);
  release(conn, call);
  if (hasRow()) {
    emitCall(conn, call);
  } else {
    count(COUNT_CALLS_UNREPORTED);
    dropCall(conn, call);
  }
}

/** What there was of a response is none: an interim one (1xx), or no status. The call waits on. */
export function takeBack(conn: usize, slot: usize, notes: u32): void {
  const call = callOf(slot);
  if (call == 0) return;
  setCall(slot, 0);
  if (callHas(call, CALL_IS_ORPHAN)) return dropCall(conn, call);
  note(call, notes);
  store<u64>(call, 0, CALL_RESPONSE_NS);
  store<u64>(call, 0, CALL_RESPONSE_END_NS);
  store<u64>(call, 0, CALL_RESPONSE_BYTES);
}

/** The request at hand is none; nothing of it stays, but for an empty call. */
export function blankRequest(conn: usize, slot: usize): void {
  const call = callOf(slot);
  if (call == 0) return;
  releaseText(conn, call + CALL_RESOURCE);
  store<u32>(call, 0, CALL_NOTES);
  store<u16>(call, 0, CALL_OWN_16);
}

/** The empty call is that of a request that begins now. */
export function restartCall(call: usize): void {
  store<u64>(call, now(), CALL_REQUEST_NS);
  store<u64>(call, 0, CALL_REQUEST_BYTES);
}

/** The request at hand is none, or too little of it is known. */
export function dropRequest(conn: usize, slot: usize): void {
  const call = callOf(slot);
  setCall(slot, 0);
  if (call != 0 && !callHas(call, CALL_IS_SURE)) dropCall(conn, call);
}

/**
 * Nothing more comes: a response of which the status is known is emitted with the notes, what is
 * not known to be a message is forgotten. The other calls stay pending.
 */
export function settle(conn: usize, notes: u32): void {
  settleRequest(conn, clientSlot(conn), notes);
  settleResponse(conn, serverSlot(conn), notes);
}

export function settleRequest(conn: usize, client: usize, notes: u32): void {
  const call = callOf(client);
  if (call == 0) return;
  note(call, notes);
  forgetTrace(call);
  dropRequest(conn, client);
}

export function settleResponse(conn: usize, server: usize, notes: u32): void {
  const call = callOf(server);
  if (call == 0) return;
  const status = statusOf(server);
  if (status >= 200 || status == 101) emitResponse(conn, server, notes);
  else takeBack(conn, server, notes);
}
