/**
 * What the parser takes from the elements of a start line, between the steps of the state machine
 * that redacts it: method, resource, status code, and the certainty that it is one.
 */
import { CALL_RESOURCE, addResource } from "../core/call";
import { releaseText } from "../core/text";
import { addBytes, callOf, isRequest, number, setNumber, setStatus } from "./direction";
import * as header from "./header-line";
import { addByte, beginAgain, beginFields, beginMessage } from "./message";
import { CALL_IS_SURE, blankRequest, callHas, nameMethod, wordLength } from "./message-call";
import { PREFIX_SIZE, seekRequest, seekResponse } from "./resync";
import * as start from "./start-line";
import * as state from "./states";

/** Empty lines are of no message. */
export function atStart(conn: usize, slot: usize, p: usize): usize {
  const next = start.atStart(slot, p);
  if (state.stateOf(slot) == state.START_WORD) beginMessage(conn, slot, p);
  return next;
}

export function startWord(slot: usize, p: usize, end: usize): usize {
  const next = start.inStartWord(slot, p, end);
  const at = state.stateOf(slot);
  // Responses come from the server alone, and requests from the client.
  if (at == state.STATUS_CODE) return isRequest(slot) ? state.fail(slot, p) : next;
  if (at != state.TARGET) return next;
  if (!isRequest(slot)) return state.fail(slot, p);
  nameMethod(slot, state.has(slot, state.FLAG_CONNECT));
  return next;
}

/** When what was tried is no request line, its call is none; it is kept for the next try. */
export function tried(conn: usize, slot: usize, next: usize): usize {
  if (state.stateOf(slot) == state.RESYNC) blankRequest(conn, slot);
  return next;
}

export function path(conn: usize, slot: usize, p: usize, end: usize): usize {
  const stop = start.pathEnd(p, end);
  const call = callOf(slot);
  if (call != 0) addResource(conn, call, p, <u32>(stop - p));
  return start.afterPath(slot, stop, end);
}

export function asterisk(conn: usize, slot: usize, p: usize): usize {
  const next = start.afterAsterisk(slot, p);
  if (state.stateOf(slot) == state.VERSION) addByte(conn, callOf(slot), 0x2a);
  return next;
}

/** The resource of CONNECT, without the userinfo; of others nothing is wanted. */
export function authority(conn: usize, slot: usize, p: usize, end: usize): usize {
  const next = start.inAuthority(slot, p, end);
  const call = callOf(slot);
  if (call == 0 || !state.has(slot, state.FLAG_CONNECT)) return next;
  const at = state.stateOf(slot);
  if (at != state.AUTHORITY && at != state.VERSION) return next;
  const stop = at == state.AUTHORITY ? next : next - 1;
  let host = stop;
  while (host > p && load<u8>(host - 1) != 0x40) host--;
  if (host > p) releaseText(conn, call + CALL_RESOURCE);
  addResource(conn, call, host, <u32>(stop - host));
  return next;
}

export function statusCode(slot: usize, p: usize, end: usize): usize {
  const next = start.inStatusCode(slot, p, end);
  for (; p < next; p++) setNumber(slot, number(slot) * 10 + (load<u8>(p) & 15));
  return next;
}

export function afterStatusCode(slot: usize, p: usize, end: usize): usize {
  const byte = load<u8>(p);
  const isOver = byte == state.SP || byte == state.CR || byte == state.LF;
  if (isOver) setStatus(slot, <u32>number(slot));
  setNumber(slot, 0);
  return isOver ? start.afterStatusCode(slot, p, end) : state.fail(slot, p);
}

/** The end of the request line is not passed over: behind it the request is sure. */
export function lineEnd(conn: usize, slot: usize, p: usize, end: usize): usize {
  const isLf = state.stateOf(slot) == state.LINE_LF;
  if (!isTarget(slot)) return isLf ? header.atLineLf(slot, p) : header.endLine(slot, p, end);
  const next = isLf ? header.atLineLf(slot, p) : header.atLineEnd(slot, p);
  if (state.stateOf(slot) == state.LINE_START) beginFields(conn, slot);
  return tried(conn, slot, next);
}

/** Whether the line at hand is the request line. */
function isTarget(slot: usize): bool {
  if (state.has(slot, state.FLAG_TENTATIVE | state.FLAG_OTHER_METHOD)) return true;
  const call = callOf(slot);
  return isRequest(slot) && call != 0 && !callHas(call, CALL_IS_SURE);
}

export function resync(conn: usize, slot: usize, p: usize, end: usize): usize {
  const next = isRequest(slot) ? seekRequest(slot, p, end) : seekResponse(slot, p, end);
  if (state.stateOf(slot) == state.RESYNC) return next;
  if (callOf(slot) == 0) beginMessage(conn, slot, state.undecidedFrom(slot));
  else beginAgain(conn, slot, state.undecidedFrom(slot));
  // What earlier chunks held of the line so far.
  const here = <u32>(next - state.undecidedFrom(slot));
  const before = isRequest(slot) ? foundRequest(slot) - here : PREFIX_SIZE - here;
  addBytes(slot, before);
  return next;
}

/** Bytes of the method and the space behind it. */
function foundRequest(slot: usize): u32 {
  nameMethod(slot, state.has(slot, state.FLAG_CONNECT));
  return wordLength(slot) + 1;
}
