/**
 * The beginning and the end of a message: which call it belongs to, and what becomes of the call.
 *
 * A broker answers the requests of a connection in their order, and not at all a Produce that asks
 * for no acknowledgement (acks = 0). Such a call is over when the next request begins or a later
 * one is answered; when a response comes all the same it counts.
 */
import * as calls from "../core/call";
import {
  CONN_CLIENT,
  CONN_FLAGS,
  CONN_FLAG_PROVEN,
  CONN_PENDING_COUNT,
  CONN_PENDING_LAST,
  PROTO_KAFKA,
  direction,
} from "../core/conn-layout";
import {
  COUNT_CALLS_UNREPORTED,
  COUNT_RESPONSES_ORPHANED,
  COUNT_WITHDRAWN,
  count,
} from "../core/counters";
import { PENDING_MAX } from "../core/limits";
import { hasRow } from "../core/out";
import { at } from "../core/pool";
import {
  LOOK_AHEAD_MAX,
  LOOK_AHEAD_SHORT,
  ORPHANS_FREE,
  OVERTAKEN_MAX,
  TELLING_CLIENT_ID,
} from "./limits";
import * as schema from "./schema";
import * as state from "./state";
import { dropName } from "./topics";
import { beginWalk } from "./walk";

/** A call for the request whose KEY and VERSION `d` has; false when there is no room for one. */
export function openRequest(conn: usize, d: usize, correlation: u32): bool {
  giveUpSilent(conn);
  if (load<u32>(conn, CONN_PENDING_COUNT) >= PENDING_MAX) leave(conn, calls.firstCall(conn));
  const call = calls.openCall(conn, PROTO_KAFKA);
  store<u32>(d, <u32>call, state.CALL);
  const shared = state.shared(conn);
  store<u32>(shared, correlation, state.LAST_CORRELATION);
  store<u8>(shared, 1, state.REQUEST_SEEN);
  const key = <u32>load<u16>(d, state.KEY);
  const version = <u32>load<u16>(d, state.VERSION);
  store<u8>(shared, key == schema.KEY_SASL_HANDSHAKE && version == 0 ? 1 : 0, state.SASL);
  if (call == 0) return false;
  store<u32>(call, correlation, calls.CALL_KEY);
  store<u64>(call, load<u64>(d, state.FRAME_NS), calls.CALL_REQUEST_NS);
  store<u32>(call, key | (version << 16), calls.CALL_OWN);
  store<u8>(call, <u8>schema.writeName(key, call + calls.CALL_METHOD), calls.CALL_METHOD_LENGTH);
  return true;
}

/** The fields of the request or response, when its version is known. */
export function openBody(d: usize, isRequest: bool): void {
  store<i16>(d, 0, state.FIRST_ERROR);
  if (schema.isKnown(load<u16>(d, state.KEY), load<u16>(d, state.VERSION))) {
    beginWalk(d, isRequest);
    store<u8>(d, state.BODY, state.STATE);
    return;
  }
  calls.note(load<u32>(d, state.CALL), calls.NOTE_UNKNOWN_FIELD);
  passRest(d);
}

/** Nothing more of the message is looked at. */
export function passRest(d: usize): void {
  store<u8>(d, state.LOST, state.PHASE);
  store<u8>(d, state.REST, state.STATE);
  store<u32>(d, 0, state.SKIP);
  store<u8>(d, 0, state.HAVE);
  memory.fill(d + state.SCRATCH, 0, 16);
}

/** Pending calls that a response is compared with. */
function lookAhead(conn: usize): u32 {
  const shared = state.shared(conn);
  const free = ORPHANS_FREE + load<u32>(shared, state.MATCHED);
  return load<u32>(shared, state.ORPHANS) <= free ? LOOK_AHEAD_MAX : LOOK_AHEAD_SHORT;
}

/** How many of the first `have` bytes of the number begin the correlation id of a pending call. */
export function knownBytes(conn: usize, number: u32, have: u32): u32 {
  const steps = lookAhead(conn);
  let known: u32 = 0;
  let call = calls.firstCall(conn);
  for (let place: u32 = 0; place < steps && call != 0 && known < have; place++) {
    known = max(known, min(have, clz(load<u32>(call, calls.CALL_KEY) ^ number) / 8));
    call = calls.nextCall(call);
  }
  return known;
}

/** Finds the call of the response; false when nobody asked for it. */
export function openResponse(conn: usize, d: usize, correlation: u32): bool {
  const shared = state.shared(conn);
  const steps = lookAhead(conn);
  let call = calls.firstCall(conn);
  let place: u32 = 0;
  while (call != 0 && place < steps && load<u32>(call, calls.CALL_KEY) != correlation) {
    call = calls.nextCall(call);
    place++;
  }
  if (call == 0 || place == steps || (!isProven(conn) && isUnderWay(conn, call))) {
    count(COUNT_RESPONSES_ORPHANED);
    store<u32>(shared, load<u32>(shared, state.ORPHANS) + 1, state.ORPHANS);
    return false;
  }
  store<u32>(shared, load<u32>(shared, state.MATCHED) + 1, state.MATCHED);
  giveUpOvertaken(conn, call, place);
  store<u32>(d, <u32>call, state.CALL);
  const api = load<u32>(call, calls.CALL_OWN);
  store<u16>(d, <u16>api, state.KEY);
  store<u16>(d, <u16>(api >> 16), state.VERSION);
  return true;
}

/** The calls in front of the one that is answered: they are not answered any more. */
function giveUpOvertaken(conn: usize, answered: usize, place: u32): void {
  const first = calls.firstCall(conn);
  if (first == answered) return;
  const silent = (load<u16>(first, calls.CALL_OWN_16) & state.CALL_ACKS_0) != 0;
  if (!silent && place < OVERTAKEN_MAX) return;
  leave(conn, first);
  calls.giveUp(conn, first, silent ? 0 : calls.NOTE_RESPONSE_GAP);
}

/** The last request wanted no response, and none has begun. */
function giveUpSilent(conn: usize): void {
  const block = load<u32>(conn, CONN_PENDING_LAST);
  if (block == 0) return;
  const call = at(block);
  if ((load<u16>(call, calls.CALL_OWN_16) & state.CALL_ACKS_0) == 0) return;
  if (load<u64>(call, calls.CALL_RESPONSE_NS) != 0) return;
  leave(conn, call);
  calls.giveUp(conn, call, 0);
}

/** The call goes: no direction has it as its own any more. */
function leave(conn: usize, call: usize): void {
  for (let side: u32 = 0; side < 2; side++) {
    const d = direction(conn, side);
    if (load<u32>(d, state.CALL) != <u32>call) continue;
    store<u32>(d, 0, state.CALL);
    if (load<u8>(d, state.STATE) == state.BODY) {
      dropName(conn, d);
      passRest(d);
    }
  }
}

/** The message is over, or nothing more of it will come; `notes` says why. */
export function closeMessage(conn: usize, d: usize, isRequest: bool, notes: u32): void {
  const call = <usize>load<u32>(d, state.CALL);
  const phase = load<u8>(d, state.PHASE);
  dropName(conn, d);
  store<u32>(d, 0, state.CALL);
  store<u8>(d, state.SIZE, state.STATE);
  store<u8>(d, 0, state.HAVE);
  store<u32>(d, 0, state.SKIP);
  store<u32>(d, 0, state.LEFT);
  memory.fill(d + state.SCRATCH, 0, 16);
  if (call == 0) return;
  if (phase == state.SHORT || phase == state.MISFIT) notes |= calls.NOTE_MALFORMED;
  calls.note(call, notes);
  if (isRequest) return;
  const whole = phase == state.DONE || phase == state.SHORT;
  complete(conn, call, load<i16>(d, state.FIRST_ERROR), whole);
}

/** `whole`: every field of the response was seen, so that no error means none. */
function complete(conn: usize, call: usize, error: i32, whole: bool): void {
  if (error != 0 || whole) calls.setStatusNumber(call, error);
  if (error != 0) store<u8>(call, 1, calls.CALL_ERROR);
  leave(conn, call);
  if (hasRow()) {
    calls.emitCall(conn, call);
    return;
  }
  count(COUNT_CALLS_UNREPORTED);
  calls.dropCall(conn, call);
}

/**
 * The fields of a request are over, `left` bytes are behind them; false refutes the guess. What a
 * client calls itself is as good as the fields: those of a private version may be others.
 */
export function confirm(conn: usize, d: usize, left: usize): bool {
  const shared = state.shared(conn);
  const exact = load<u8>(d, state.PHASE) == state.DONE && left == 0;
  if (exact) store<u8>(shared, 1, state.CONFIRMED);
  if (exact && hasTellingName(shared)) {
    store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_PROVEN, CONN_FLAGS);
  }
  // librdkafka before 0.11 had four bytes too many in the first request of all.
  const isFirst = load<u16>(d, state.KEY) == <u16>schema.KEY_API_VERSIONS;
  return exact || isFirst || isProven(conn) || hasTellingName(shared);
}

/**
 * Of a connection that never had more than a beginning without a name of its client the calls are
 * no calls: a few zeros and small numbers look like one.
 */
export function withdraw(conn: usize): void {
  const shared = state.shared(conn);
  if (isProven(conn) || load<u8>(shared, state.CONFIRMED) != 0 || hasTellingName(shared)) return;
  if (calls.firstCall(conn) == 0) return;
  count(COUNT_WITHDRAWN);
  for (let side: u32 = 0; side < 2; side++) store<u32>(direction(conn, side), 0, state.CALL);
  calls.dropAll(conn);
}

@inline
function hasTellingName(shared: usize): bool {
  return load<i32>(shared, state.CLIENT_ID_LENGTH) >= TELLING_CLIENT_ID;
}

@inline
function isProven(conn: usize): bool {
  return (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_PROVEN) != 0;
}

/** Whether bytes of the request are still to come: a broker answers what it has read. */
@inline
function isUnderWay(conn: usize, call: usize): bool {
  const d = direction(conn, load<u8>(conn, CONN_CLIENT));
  return load<u32>(d, state.CALL) == <u32>call;
}

@inline
export function isRequestSide(conn: usize, side: u32): bool {
  return side == <u32>load<u8>(conn, CONN_CLIENT);
}
