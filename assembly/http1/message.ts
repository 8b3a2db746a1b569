/**
 * Where messages begin and end: the framing of RFC 9112 6.3, interim responses (RFC 9110 15.2),
 * and what turns a connection into something else: CONNECT and Upgrade.
 */
import {
  CALL_METHOD,
  CALL_METHOD_LENGTH,
  CALL_RESOURCE,
  CALL_OWN_BYTES,
  NOTE_INTERIM,
  NOTE_UPGRADED,
  addResource,
  giveUpAll,
} from "../core/call";
import { CONN_PROTOCOL, PROTO_DEAD, PROTO_HTTP2 } from "../core/conn-layout";
import { become } from "../core/stream";
import { textLength } from "../core/text";
import {
  FRAMING_CHUNKED,
  FRAMING_CODING,
  FRAMING_H2C,
  FRAMING_LENGTH,
  MARK_BEGUN,
  MARK_TUNNELLED,
  callOf,
  clientSlot,
  countFrom,
  forgetMessage,
  framing,
  isRequest,
  left,
  mark,
  marked,
  setCall,
  setLeft,
  statusOf,
} from "./direction";
import {
  CALL_IS_CONNECT,
  CALL_IS_HEAD,
  CALL_IS_SURE,
  callHas,
  dropRequest,
  emitResponse,
  markCall,
  openRequest,
  pairResponse,
  restartCall,
  takeBack,
} from "./message-call";
import { forgetTrace } from "./fields";
import { continueAsStream } from "./upgrade";
import {
  BODY_LENGTH,
  BODY_UNTIL_CLOSE,
  CHUNK_SIZE,
  FLAG_CONNECT,
  FLAG_NO_FOLD,
  FLAG_OTHER_METHOD,
  FLAG_TENTATIVE,
  FLAG_TRAILER,
  MESSAGE_END,
  RESYNC,
  START,
  TUNNEL,
  enter,
  fail,
  has,
  set,
  setUndecidedFrom,
  stateOf,
} from "./states";

/** The first byte of a message is at `p`. */
export function beginMessage(conn: usize, slot: usize, p: usize): void {
  setUndecidedFrom(slot, p);
  countFrom(conn, p);
  mark(slot, MARK_BEGUN, true);
  set(slot, FLAG_NO_FOLD, true);
  if (isRequest(slot)) openRequest(conn, slot);
  else pairResponse(conn, slot);
}

/** As `beginMessage`, with the call of a request that was none. */
export function beginAgain(conn: usize, slot: usize, p: usize): void {
  countFrom(conn, p);
  restartCall(callOf(slot));
}

/** The request line is complete. */
export function beginFields(conn: usize, slot: usize): void {
  set(slot, FLAG_TENTATIVE | FLAG_OTHER_METHOD, false);
  const call = callOf(slot);
  if (call == 0) return;
  markCall(call, CALL_IS_SURE);
  // An absolute form without a path, RFC 9112 3.2.2 and 3.2.4.
  if (textLength(call + CALL_RESOURCE) == 0) addByte(conn, call, isOptions(call) ? 0x2a : 0x2f);
}

export function addByte(conn: usize, call: usize, byte: u8): void {
  if (call == 0) return;
  store<u8>(call, byte, CALL_OWN_BYTES);
  addResource(conn, call, call + CALL_OWN_BYTES, 1);
}

function isOptions(call: usize): bool {
  // No other method of seven letters begins with an O.
  return load<u8>(call, CALL_METHOD_LENGTH) == 7 && load<u8>(call, CALL_METHOD) == 0x4f;
}

/** The head ends before `p`, its bytes counted. The state is that of the body, or MESSAGE_END. */
export function endOfHead(conn: usize, slot: usize, p: usize): void {
  if (has(slot, FLAG_TRAILER)) enter(slot, MESSAGE_END, p);
  else if (isRequest(slot)) endOfRequestHead(slot, p);
  else endOfResponseHead(conn, slot, p);
}

function endOfRequestHead(slot: usize, p: usize): void {
  const bits = framing(slot);
  if (has(slot, FLAG_CONNECT)) {
    enter(slot, MESSAGE_END, p);
  } else if (bits & FRAMING_CODING) {
    // Where such a request ends nobody can know.
    if (bits & FRAMING_CHUNKED) beginChunks(slot, p);
    else fail(slot, p);
  } else {
    enter(slot, left(slot) != 0 ? BODY_LENGTH : MESSAGE_END, p);
  }
}

function endOfResponseHead(conn: usize, slot: usize, p: usize): void {
  const call = callOf(slot);
  const status = statusOf(slot);
  const isTunnel = callHas(call, CALL_IS_CONNECT) && status >= 200 && status < 300;
  if (status == 101 || isTunnel) return switchProtocol(conn, slot, status);
  if (callHas(call, CALL_IS_CONNECT) && status >= 200) leaveTunnel(conn);
  const bits = framing(slot);
  if (status < 200 || status == 204 || status == 304 || callHas(call, CALL_IS_HEAD)) {
    enter(slot, MESSAGE_END, p);
  } else if (bits & FRAMING_CODING) {
    if (bits & FRAMING_CHUNKED) beginChunks(slot, p);
    else enter(slot, BODY_UNTIL_CLOSE, p);
  } else if (bits & FRAMING_LENGTH) {
    enter(slot, left(slot) != 0 ? BODY_LENGTH : MESSAGE_END, p);
  } else {
    enter(slot, BODY_UNTIL_CLOSE, p);
  }
}

/** The coding overrides a length, RFC 9112 6.3. */
function beginChunks(slot: usize, p: usize): void {
  setLeft(slot, 0);
  enter(slot, CHUNK_SIZE, p);
}

/** The connection is no HTTP/1 any more; its call is complete with this head. */
function switchProtocol(conn: usize, slot: usize, status: u32): void {
  const isHttp2 = status == 101 && (framing(slot) & FRAMING_H2C) != 0;
  dropRequest(conn, clientSlot(conn));
  if (isHttp2) {
    continueAsStream(conn, slot);
    become(conn, PROTO_HTTP2);
    return;
  }
  emitResponse(conn, slot, status == 101 ? NOTE_UPGRADED : 0);
  giveUpAll(conn, status == 101 ? NOTE_UPGRADED : 0);
  store<u8>(conn, PROTO_DEAD, CONN_PROTOCOL);
}

/** CONNECT was refused: requests go on, somewhere when bytes of them died. */
function leaveTunnel(conn: usize): void {
  const client = clientSlot(conn);
  if (stateOf(client) != TUNNEL) return;
  enter(client, marked(client, MARK_TUNNELLED) ? RESYNC : START, 0);
  mark(client, MARK_TUNNELLED, false);
}

/** The message is over, its bytes counted; the next begins at `p`. */
export function endMessage(conn: usize, slot: usize, p: usize): void {
  let next = START;
  if (isRequest(slot)) {
    forgetTrace(callOf(slot));
    setCall(slot, 0);
    if (has(slot, FLAG_CONNECT)) next = TUNNEL;
  } else if (statusOf(slot) < 200) {
    takeBack(conn, slot, NOTE_INTERIM);
  } else {
    emitResponse(conn, slot, 0);
  }
  forgetMessage(slot);
  enter(slot, next, p);
  setUndecidedFrom(slot, p);
}
