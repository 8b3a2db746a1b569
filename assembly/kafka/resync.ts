/**
 * Holes in a stream. Inside what is passed over by its length a hole changes nothing; inside the
 * fields the rest of the message is given up; where the next size field is lost, the next plausible
 * head is looked for, byte by byte, for RESYNC_BYTES_MAX bytes. Of these at most a head is held,
 * and only as long as it may be one.
 */
import { NOTE_REQUEST_GAP, NOTE_RESPONSE_GAP, note } from "../core/call";
import { direction } from "../core/conn-layout";
import { now } from "../core/ctx";
import { malformed } from "../core/stream";
import * as frame from "./frame";
import * as guess from "./guess";
import { RESYNC_BYTES_MAX } from "./limits";
import { countBytes, inMessage, openMessage, take } from "./message";
import * as state from "./state";
import { dropName } from "./topics";
import { beginWalkBehindClientIdLength } from "./walk";

/** The next plausible head is waited for, byte by byte: it may begin anywhere. */
export function atResync(conn: usize, d: usize, isRequest: bool, p: usize, end: usize): usize {
  const shared = state.shared(conn);
  const part = <usize>load<u32>(d, state.PART);
  const window = d + state.SCRATCH;
  const whole = isRequest ? guess.REQUEST_HEAD : guess.RESPONSE_HEAD;
  let have = <u32>load<u8>(d, state.HAVE);
  const begin = p;
  while (p < end && have < whole) {
    if (have == 0) store<u64>(d, now(), state.FRAME_NS);
    store<u8>(window + have, load<u8>(p++));
    have++;
    // A byte leaves the window once, so this is bounded by the bytes that come.
    while (have > 0) {
      const plausible = isRequest
        ? guess.mayBeNextRequest(shared, window, have)
        : guess.mayBeResponse(conn, window, have);
      if (plausible) break;
      have--;
      memory.copy(window, window + 1, 15);
      store<u8>(window, 0, 15);
    }
  }
  const looked = load<u32>(part, state.PART_LOOKED) + <u32>(p - begin);
  store<u32>(part, looked, state.PART_LOOKED);
  store<u8>(d, <u8>have, state.HAVE);
  if (have == whole) return resume(conn, d, isRequest) ? p : 0;
  return looked > RESYNC_BYTES_MAX ? 0 : p;
}

/** The window holds the head of a message. False when the message is none after all. */
function resume(conn: usize, d: usize, isRequest: bool): bool {
  const window = d + state.SCRATCH;
  store<u8>(d, 0, state.HAVE);
  const size = bswap(load<u32>(window));
  if (!isRequest) {
    store<u32>(d, size - 4, state.LEFT);
    openMessage(conn, d, false, bswap(load<u32>(window, 4)), 8);
  } else {
    store<u32>(d, size - 10, state.LEFT);
    store<u16>(d, bswap(load<u16>(window, 4)), state.KEY);
    store<u16>(d, bswap(load<u16>(window, 6)), state.VERSION);
    openMessage(conn, d, true, bswap(load<u32>(window, 8)), 14);
    const clientId = <i32><i16>bswap(load<u16>(window, 12));
    if (load<u8>(d, state.STATE) == state.BODY) beginWalkBehindClientIdLength(conn, d, clientId);
  }
  memory.fill(window, 0, 16);
  return load<u32>(d, state.LEFT) > 0 || inMessage(conn, d, isRequest, window, window) != 0;
}

export function gap(conn: usize, side: u32, size: u32): void {
  const d = direction(conn, side);
  const isRequest = frame.isRequestSide(conn, side);
  const at = load<u8>(d, state.STATE);
  const left = load<u32>(d, state.LEFT);
  const notes = isRequest ? NOTE_REQUEST_GAP : NOTE_RESPONSE_GAP;
  if (size == 0 || at == state.SIZE || at == state.RESYNC || size > left) {
    if (at != state.SIZE && at != state.RESYNC) frame.closeMessage(conn, d, isRequest, notes);
    lookForMessage(d);
    return;
  }
  const call = <usize>load<u32>(d, state.CALL);
  if (call != 0) note(call, notes);
  const skip = load<u32>(d, state.SKIP);
  if (at == state.BODY && size <= skip) {
    store<u32>(d, skip - size, state.SKIP);
  } else if (at != state.REST) {
    dropName(conn, d);
    frame.passRest(d);
  }
  take(d, size);
  countBytes(d, isRequest, size);
  if (size < left) return;
  // The last bytes of a field may be gone, and with them the message be complete.
  const nowhere = d + state.SCRATCH;
  if (inMessage(conn, d, isRequest, nowhere, nowhere) == 0) malformed(conn, nowhere, nowhere);
}

function lookForMessage(d: usize): void {
  store<u8>(d, state.RESYNC, state.STATE);
  store<u8>(d, 0, state.HAVE);
  store<u32>(d, 0, state.LEFT);
  memory.fill(d + state.SCRATCH, 0, 16);
  store<u32>(load<u32>(d, state.PART), 0, state.PART_LOOKED);
}
