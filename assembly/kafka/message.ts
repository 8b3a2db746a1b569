/** A message from its header to its end: counted, walked over, closed. */
import {
  CALL_RESPONSE_NS,
  NOTE_MALFORMED,
  addRequestBytes,
  addResponseBytes,
  note,
} from "../core/call";
import * as frame from "./frame";
import * as state from "./state";
import { walk } from "./walk";

/** The header is read, `head` bytes with the size: the call, then its fields. */
export function openMessage(
  conn: usize,
  d: usize,
  isRequest: bool,
  correlation: u32,
  head: u32,
): void {
  const opened = isRequest
    ? frame.openRequest(conn, d, correlation)
    : frame.openResponse(conn, d, correlation);
  if (!opened) {
    frame.passRest(d);
    return;
  }
  countBytes(d, isRequest, head);
  const call = <usize>load<u32>(d, state.CALL);
  if (!isRequest) store<u64>(call, load<u64>(d, state.FRAME_NS), CALL_RESPONSE_NS);
  frame.openBody(d, isRequest);
}

/** In the fields or in what is passed over. */
export function inMessage(conn: usize, d: usize, isRequest: bool, p: usize, end: usize): usize {
  const stop = p + load<u32>(d, state.LEFT);
  const last = min(end, stop);
  if (load<u8>(d, state.STATE) == state.BODY) {
    const reached = walk(conn, d, p, last, stop);
    // The last tagged field may be passed over yet.
    if (load<u8>(d, state.PHASE) >= state.DONE && load<u32>(d, state.SKIP) == 0) {
      if (isRequest && !frame.confirm(conn, d, stop - reached)) return 0;
      if (reached < stop) note(load<u32>(d, state.CALL), NOTE_MALFORMED);
      store<u8>(d, state.REST, state.STATE);
    }
  }
  take(d, last - p);
  countBytes(d, isRequest, last - p);
  if (last == stop) frame.closeMessage(conn, d, isRequest, 0);
  return last;
}

@inline
export function take(d: usize, bytes: usize): void {
  store<u32>(d, load<u32>(d, state.LEFT) - <u32>bytes, state.LEFT);
}

export function countBytes(d: usize, isRequest: bool, bytes: usize): void {
  const call = <usize>load<u32>(d, state.CALL);
  if (call == 0 || bytes == 0) return;
  if (isRequest) addRequestBytes(call, bytes);
  else addResponseBytes(call, bytes);
}
