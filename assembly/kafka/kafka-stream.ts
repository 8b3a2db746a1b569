/**
 * Kafka over TCP: messages of a 4-byte size, a header and a body; bodies by the message definitions
 * of Apache Kafka, all versions (schema.ts). https://kafka.apache.org/protocol
 *
 *   stream   *( size:int32 message )
 *   request  api key:int16  version:int16  correlation id:int32  client id, tagged fields, body
 *   response correlation id:int32  tagged fields, body
 *   SASL     after a SaslHandshake of version 0: tokens without any header
 *
 * In the payload sizes, API keys, versions, correlation ids, topic names and error codes survive;
 * all else dies as it passes (ids of topics too: nobody reads them there). Nothing is buffered but
 * a field that a chunk's end cuts: 4 bytes, the digest of an id, a topic name. State: a block for
 * each connection, one for each name under way.
 */
import { NOTE_TRUNCATED, firstCall } from "../core/call";
import { CONN_FLAGS, CONN_FLAG_CLIENT_KNOWN, CONN_OWN, direction } from "../core/conn-layout";
import { now } from "../core/ctx";
import { allocate, release } from "../core/pool";
import { DETECT_CLIENT, DETECT_MORE, DETECT_NO, malformed, redact } from "../core/stream";
import { takeInt32 } from "./field";
import * as frame from "./frame";
import * as guess from "./guess";
import { FRAME_BYTES_MAX, KEY_END, VERSION_END } from "./limits";
import { inMessage, openMessage, take } from "./message";
import { atResync } from "./resync";
import { isKnown } from "./schema";
import * as state from "./state";
import { dropName } from "./topics";

export { gap } from "./resync";

/** A request by its head; a response by nothing, so that the other side decides. */
export function detect(conn: usize, side: u32, p: usize, end: usize): i32 {
  const have = <u32>min<usize>(end - p, guess.REQUEST_HEAD);
  const orResponse = load<u8>(p) == 0 ? DETECT_MORE : DETECT_NO;
  if (!guess.mayBeRequest(p, have)) return orResponse;
  if (have < guess.REQUEST_HEAD) return DETECT_MORE;
  const length = <i32><i16>bswap(load<u16>(p, 12));
  const body = p + 14 + <usize>max(length, 0);
  if (!guess.isClientId(p + 14, min(body, end))) return orResponse;
  const isTold = (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_CLIENT_KNOWN) != 0;
  const key = load<u8>(p, 5);
  if (key != 0 || (isTold && frame.isRequestSide(conn, side))) return DETECT_CLIENT;
  const produce = guess.looksLikeProduce(body, end, load<u8>(p, 7));
  return produce > 0 ? DETECT_CLIENT : produce == 0 ? DETECT_MORE : orResponse;
}

export function begin(conn: usize): bool {
  const block = allocate(conn);
  store<u32>(conn, block, CONN_OWN);
  if (block == 0) return false;
  for (let side: u32 = 0; side < 2; side++) {
    const part = state.shared(conn) + state.PARTS + <usize>side * state.PART_SIZE;
    store<u32>(direction(conn, side), <u32>part, state.PART);
  }
  return true;
}

export function end(conn: usize): void {
  const block = load<u32>(conn, CONN_OWN);
  if (block == 0) return;
  frame.withdraw(conn);
  for (let side: u32 = 0; side < 2; side++) {
    const d = direction(conn, side);
    // No call is left after a fault, whatever the direction says.
    if (firstCall(conn) != 0) finish(conn, side);
    dropName(conn, d);
    store<u32>(d, 0, state.CALL);
    memory.fill(d + state.SCRATCH, 0, 16);
  }
  release(conn, block);
  store<u32>(conn, 0, CONN_OWN);
}

/** At most one message. */
export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  const d = direction(conn, side);
  const isRequest = frame.isRequestSide(conn, side);
  state.setMark(p);
  let reached = p;
  while (reached < end) {
    switch (load<u8>(d, state.STATE)) {
      case state.SIZE: reached = atSize(conn, d, isRequest, reached, end); break;
      case state.API_VERSION: reached = atApiVersion(conn, d, reached, end); break;
      case state.CORRELATION: reached = atCorrelation(conn, d, isRequest, reached, end); break;
      case state.RESYNC: reached = atResync(conn, d, isRequest, reached, end); break;
      default: reached = inMessage(conn, d, isRequest, reached, end); break;
    }
    if (reached == 0) return malformed(conn, state.mark(), end);
    if (load<u8>(d, state.STATE) == state.SIZE) break;
  }
  redact(state.mark(), reached);
  return reached;
}

/** Returns the position reached; 0: the stream is broken. */
function atSize(conn: usize, d: usize, isRequest: bool, p: usize, end: usize): usize {
  if (load<u8>(d, state.HAVE) == 0) store<u64>(d, now(), state.FRAME_NS);
  const reached = takeInt32(d, p, end);
  if (reached == 0) {
    state.keep(p, end);
    return end;
  }
  const size = <u32>state.value();
  const isToken = load<u8>(state.shared(conn), state.SASL) != 0;
  const head: u32 = isRequest ? 8 : 4;
  if (size > FRAME_BYTES_MAX || (size < head && !isToken)) return 0;
  state.keep(p, reached);
  store<u32>(d, size, state.LEFT);
  store<u32>(d, 0, state.CALL);
  if (size == 0) return reached;
  // What comes from a server that owes no response is a token of its own.
  const isHeader = isRequest || !isToken || firstCall(conn) != 0;
  if (size < head || !isHeader) frame.passRest(d);
  else store<u8>(d, isRequest ? state.API_VERSION : state.CORRELATION, state.STATE);
  return reached;
}

function atApiVersion(conn: usize, d: usize, p: usize, end: usize): usize {
  const isToken = load<u8>(state.shared(conn), state.SASL) != 0;
  const reached = takeInt32(d, p, end);
  const stop = reached == 0 ? end : reached;
  take(d, stop - p);
  const number = reached == 0 ? gathered(d) : <u32>state.value();
  const key = number >> 16;
  const version = number & 0xffff;
  const isSane = key < KEY_END && version < VERSION_END;
  const isHeader = isToken && reached != 0 ? isKnown(key, version) : isSane;
  if (!isHeader && !isToken) return 0;
  if (!isToken) state.keep(p, stop);
  if (!isHeader) frame.passRest(d);
  if (reached == 0 || !isHeader) return stop;
  store<u32>(d, 0, state.SCRATCH);
  store<u16>(d, <u16>key, state.KEY);
  store<u16>(d, <u16>version, state.VERSION);
  store<u8>(d, state.CORRELATION, state.STATE);
  return reached;
}

/** The first bytes of a 32-bit field that is not whole yet, zeros behind them. */
function gathered(d: usize): u32 {
  const have = <u32>load<u8>(d, state.HAVE);
  return have == 0 ? 0 : bswap(load<u32>(d, state.SCRATCH)) & (~(<u32>0) << (32 - have * 8));
}

function atCorrelation(conn: usize, d: usize, isRequest: bool, p: usize, end: usize): usize {
  const before = <u32>load<u8>(d, state.HAVE);
  const reached = takeInt32(d, p, end);
  const taken = (reached == 0 ? end : reached) - p;
  take(d, taken);
  if (isRequest) state.keep(p, p + taken);
  else keepKnown(conn, d, p, before, before + <u32>taken);
  if (reached == 0) return end;
  openMessage(conn, d, isRequest, state.value(), isRequest ? 12 : 8);
  return load<u32>(d, state.LEFT) > 0 ? reached : inMessage(conn, d, isRequest, reached, reached);
}

/** A correlation id of a response survives if it is one; from `before` on its bytes are at `p`. */
function keepKnown(conn: usize, d: usize, p: usize, before: u32, have: u32): void {
  const number = have == 4 ? <u32>state.value() : gathered(d);
  const known = frame.knownBytes(conn, number, have);
  if (known > before) state.keep(p, p + (known - before));
}

/** The direction ended: a message under way stays a part. */
export function finish(conn: usize, side: u32): void {
  const d = direction(conn, side);
  if (load<u32>(d, state.CALL) == 0) return;
  frame.closeMessage(conn, d, frame.isRequestSide(conn, side), NOTE_TRUNCATED);
}
