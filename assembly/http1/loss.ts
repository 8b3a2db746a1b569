/**
 * Holes and ends of a direction. A hole within a body of known length is passed over; behind every
 * other one the next start line is looked for, and what is known of the message is kept.
 */
import {
  NOTE_REQUEST_GAP,
  NOTE_RESOURCE_CUT,
  NOTE_RESPONSE_GAP,
  NOTE_TRUNCATED,
  giveUpAll,
  note,
} from "../core/call";
import { direction } from "../core/conn-layout";
import * as body from "./body";
import {
  MARK_LOST,
  MARK_TUNNELLED,
  addBytes,
  callOf,
  clientSlot,
  forgetMessage,
  isRequest,
  left,
  mark,
} from "./direction";
import { forgetTrace } from "./fields";
import { beginFields, endMessage } from "./message";
import { dropRequest, settle, settleRequest, settleResponse } from "./message-call";
import * as state from "./states";

/** `size` bytes of the direction are missing, 0 when nobody knows how many. */
export function gap(conn: usize, side: u32, size: u32): void {
  const slot = direction(conn, side);
  const at = state.stateOf(slot);
  // The call of what was tried last is of no message.
  if (at == state.RESYNC) dropRequest(conn, slot);
  const call = callOf(slot);
  if (call != 0) note(call, isRequest(slot) ? NOTE_REQUEST_GAP : NOTE_RESPONSE_GAP);
  if (at == state.TUNNEL) return mark(slot, MARK_TUNNELLED, true);
  const isCounted = at == state.BODY_LENGTH || at == state.CHUNK_DATA;
  addBytes(slot, isCounted ? min(<u64>size, left(slot)) : <u64>size);
  if (at == state.BODY_UNTIL_CLOSE) return;
  if (isCounted && size != 0) {
    const isWithin = body.skipCounted(slot, size);
    // A body of known length ends in the hole at the latest.
    if (at == state.BODY_LENGTH && (!isWithin || left(slot) == 0)) endMessage(conn, slot, 0);
    if (isWithin) return;
  }
  lose(conn, slot);
}

/** Where the next message begins is not known. */
function lose(conn: usize, slot: usize): void {
  if (isRequest(slot)) {
    believeTarget(conn, slot);
    forgetTrace(callOf(slot));
    dropRequest(conn, slot);
  } else {
    settleResponse(conn, slot, NOTE_RESPONSE_GAP);
    mark(slot, MARK_LOST, true);
  }
  forgetMessage(slot);
  state.enter(slot, state.RESYNC, 0);
}

/** A request whose registered method and target were seen is one, though its line is cut. */
function believeTarget(conn: usize, slot: usize): void {
  const at = state.stateOf(slot);
  if (at < state.PATH || at > state.LINE_LF) return;
  if (state.has(slot, state.FLAG_TENTATIVE | state.FLAG_OTHER_METHOD)) return;
  const call = callOf(slot);
  if (call == 0) return;
  if (at == state.PATH || at == state.PARAMETER) note(call, NOTE_RESOURCE_CUT);
  beginFields(conn, slot);
}

/** The direction ended in order. */
export function finish(conn: usize, side: u32): void {
  const slot = direction(conn, side);
  if (isRequest(slot)) {
    settleRequest(conn, slot, NOTE_TRUNCATED);
    return;
  }
  if (state.stateOf(slot) == state.BODY_UNTIL_CLOSE) endMessage(conn, slot, 0);
  else settleResponse(conn, slot, NOTE_TRUNCATED);
  // No response will come any more.
  settleRequest(conn, clientSlot(conn), 0);
  giveUpAll(conn, 0);
}

/** The connection is over. */
export function end(conn: usize): void {
  settle(conn, NOTE_TRUNCATED);
}
