/**
 * The walk over a message by the rows of its definition (schema.ts): resumes at any byte, keeps
 * topic names and error codes, passes over the rest. Bounded by the bytes of the message: a count
 * or a length beyond them is a misfit, and every element takes a byte at least.
 *
 * `stop` is where the message ends, in the same terms as `p`: it may lie far behind the bytes at
 * hand, which end at `end`. A step returns the position it reached, or 0 when [p, end) ended
 * before its field did.
 */
import * as rows from "./rows";
import * as schema from "./schema";
import { REQUEST_HEADER_ROW, RESPONSE_HEADER_ROW } from "./schema.gen";
import { advance, endElement, passOver, push, top, widthOf } from "./stack";
import * as state from "./state";
import * as tags from "./tags";

/** Begins with the header's last part, then the body; `d` has KEY and VERSION. */
export function beginWalk(d: usize, isRequest: bool): void {
  const key = <u32>load<u16>(d, state.KEY);
  const version = <u32>load<u16>(d, state.VERSION);
  const flexible = schema.isFlexible(key, version);
  store<u8>(d, 0, state.DEPTH);
  store<u8>(d, state.ROW, state.PHASE);
  store<u32>(d, 0, state.SKIP);
  store<u8>(d, 0, state.FLAGS);
  state.setFlag(d, state.FLAG_FLEXIBLE, flexible);
  state.setFlag(d, state.FLAG_REQUEST, isRequest);
  push(d, isRequest ? schema.requestRow(key) : schema.responseRow(key), 1);
  if (isRequest) {
    const headerless = key == schema.KEY_CONTROLLED_SHUTDOWN && version == 0;
    if (!headerless) push(d, REQUEST_HEADER_ROW, 1);
  } else if (flexible && key != schema.KEY_API_VERSIONS) {
    push(d, RESPONSE_HEADER_ROW, 1);
  }
}

/** The length of the client id was read already. */
export function beginWalkBehindClientIdLength(conn: usize, d: usize, length: i32): void {
  beginWalk(d, true);
  store<u8>(d, 1, state.DEPTH);
  if (state.hasFlag(d, state.FLAG_FLEXIBLE)) push(d, RESPONSE_HEADER_ROW, 1);
  store<u32>(d, max(length, 0), state.SKIP);
  store<i32>(state.shared(conn), length, state.CLIENT_ID_LENGTH);
}

/** As far as the bytes at hand go; returns where it stopped, the phase says why. */
export function walk(conn: usize, d: usize, p: usize, end: usize, stop: usize): usize {
  while (true) {
    const skip = load<u32>(d, state.SKIP);
    if (skip > 0) {
      const part = min(skip, <u32>(end - p));
      p += part;
      store<u32>(d, skip - part, state.SKIP);
      if (part < skip) return p;
    }
    if (load<u8>(d, state.PHASE) >= state.DONE) return p;
    const reached = step(conn, d, p, end, stop);
    if (reached == 0) {
      if (end == stop) store<u8>(d, state.SHORT, state.PHASE);
      return end;
    }
    p = reached;
  }
}

function step(conn: usize, d: usize, p: usize, end: usize, stop: usize): usize {
  switch (load<u8>(d, state.PHASE)) {
    case state.ROW: return atRow(conn, d, p, end, stop);
    case state.NAME: return rows.inName(conn, d, p, end);
    case state.TAG: return tags.atTag(d, p, end);
    case state.TAG_SIZE: return tags.atTagSize(d, p, end, stop);
    case state.TAG_ERROR_SIZE: return tags.atTagErrorSize(d, p, end, stop);
    default: return tags.atTagError(d, p, end);
  }
}

function atRow(conn: usize, d: usize, p: usize, end: usize, stop: usize): usize {
  const row = schema.rowAt(load<u16>(top(d)));
  if (!schema.isIn(row, load<u16>(d, state.VERSION))) return advance(d, p);
  switch (schema.kindOf(row)) {
    case schema.END: return tags.atEnd(d, p, end, stop);
    case schema.END_PLAIN: return endElement(d, p);
    case schema.FIXED: return passOver(d, schema.argumentOf(row), p, stop);
    case schema.STRING: return rows.atString(d, p, end, stop, widthOf(d, 2));
    case schema.STRING16: return rows.atClientId(conn, d, p, end, stop);
    case schema.BYTES: return rows.atString(d, p, end, stop, widthOf(d, 4));
    case schema.ERROR: return rows.atError(d, p, end);
    case schema.ACKS: return rows.atAcks(d, p, end);
    case schema.TOPIC: return rows.atTopic(conn, d, p, end, stop, false);
    case schema.TOPIC_LEARN: return rows.atTopic(conn, d, p, end, stop, true);
    case schema.ARRAY: return rows.atArray(d, p, end, stop, row);
    case schema.ARRAY_FIXED: return rows.atArrayFixed(d, p, end, stop, row);
    case schema.STRUCT: return rows.atStruct(d, p, end, row);
    default: return rows.atId(conn, d, p, end, schema.kindOf(row));
  }
}
