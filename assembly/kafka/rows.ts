/**
 * The kinds of rows, one function each (schema.ts says what they are). Every one returns the
 * position behind its field, or 0 when [p, end) ended before it; `stop` is the end of the message.
 */
import { CALL_OWN_16, NOTE_MALFORMED, note } from "../core/call";
import * as field from "./field";
import { TOPIC_BYTES_MAX } from "./limits";
import * as schema from "./schema";
import { advance, misfit, passOver, push, widthOf } from "./stack";
import * as state from "./state";
import { takeId } from "./topic-ids";
import * as topics from "./topics";

/** Error of an ApiVersions response that has the fields of version 0, whatever was asked for. */
const UNSUPPORTED_VERSION: i32 = 35;

export function atString(d: usize, p: usize, end: usize, stop: usize, width: u32): usize {
  p = field.takeLength(d, p, end, width);
  if (p == 0) return 0;
  const length = state.value();
  if (length < -1) return misfit(d, p);
  return passOver(d, length < 0 ? 0 : <u32>length, p, stop);
}

export function atClientId(conn: usize, d: usize, p: usize, end: usize, stop: usize): usize {
  p = atString(d, p, end, stop, 2);
  if (p != 0) store<i32>(state.shared(conn), state.value(), state.CLIENT_ID_LENGTH);
  return p;
}

export function setError(d: usize): void {
  if (load<i16>(d, state.FIRST_ERROR) == 0) store<i16>(d, <i16>state.value(), state.FIRST_ERROR);
}

export function atError(d: usize, p: usize, end: usize): usize {
  const reached = field.takeInt16(d, p, end);
  state.keep(p, reached == 0 ? end : reached);
  if (reached == 0) return 0;
  setError(d);
  const key = <u32>load<u16>(d, state.KEY);
  if (key == schema.KEY_API_VERSIONS && state.value() == UNSUPPORTED_VERSION) {
    store<u16>(d, 0, state.VERSION);
    state.setFlag(d, state.FLAG_FLEXIBLE, false);
  }
  return advance(d, reached);
}

export function atAcks(d: usize, p: usize, end: usize): usize {
  p = field.takeInt16(d, p, end);
  if (p == 0) return 0;
  const call = <usize>load<u32>(d, state.CALL);
  if (state.value() == 0) {
    store<u16>(call, load<u16>(call, CALL_OWN_16) | state.CALL_ACKS_0, CALL_OWN_16);
  }
  return advance(d, p);
}

export function atTopic(
  conn: usize,
  d: usize,
  p: usize,
  end: usize,
  stop: usize,
  learn: bool,
): usize {
  p = field.takeLength(d, p, end, widthOf(d, 2));
  if (p == 0) return 0;
  topics.dropName(conn, d);
  const length = state.value();
  if (length < -1 || (length > 0 && <usize>length > stop - p)) return misfit(d, p);
  if (length <= 0) return advance(d, p);
  if (<u32>length > TOPIC_BYTES_MAX) {
    note(load<u32>(d, state.CALL), NOTE_MALFORMED);
    return passOver(d, length, p, stop);
  }
  store<u32>(d, length, state.WANTED);
  state.setFlag(d, state.FLAG_LEARN, learn);
  store<u8>(d, state.NAME, state.PHASE);
  return p;
}

export function inName(conn: usize, d: usize, p: usize, end: usize): usize {
  const before = load<u8>(d, state.NAME_HAVE);
  const wanted = load<u32>(d, state.WANTED);
  if (!topics.passName(conn, d, p, end)) return 0;
  store<u8>(d, state.ROW, state.PHASE);
  return advance(d, p + (wanted - before));
}

export function atId(conn: usize, d: usize, p: usize, end: usize, kind: u8): usize {
  p = takeId(d, p, end);
  if (p == 0) return 0;
  if (kind == schema.TOPIC_ID) topics.passId(conn, d);
  else if (kind == schema.ID_LEARN) topics.learnId(conn, d);
  memory.fill(d + state.SCRATCH, 0, 16);
  return advance(d, p);
}

export function atArray(d: usize, p: usize, end: usize, stop: usize, row: usize): usize {
  p = field.takeLength(d, p, end, widthOf(d, 4));
  if (p == 0) return 0;
  const count = state.value();
  if (count < -1 || (count > 0 && <usize>count > stop - p)) return misfit(d, p);
  advance(d, p);
  if (count > 0) push(d, schema.argumentOf(row), count);
  return p;
}

export function atArrayFixed(d: usize, p: usize, end: usize, stop: usize, row: usize): usize {
  p = field.takeLength(d, p, end, widthOf(d, 4));
  if (p == 0) return 0;
  const count = state.value();
  if (count < -1) return misfit(d, p);
  if (count <= 0) return advance(d, p);
  const size = <u64>count * schema.argumentOf(row);
  if (size > <u64>(stop - p)) return misfit(d, p);
  return passOver(d, <u32>size, p, stop);
}

export function atStruct(d: usize, p: usize, end: usize, row: usize): usize {
  const nullableFrom = schema.extraOf(row);
  if (nullableFrom != schema.NONE && load<u16>(d, state.VERSION) >= <u16>nullableFrom) {
    p = field.takeInt8(p, end);
    if (p == 0) return 0;
    if (state.value() < 0) return advance(d, p);
  }
  advance(d, p);
  push(d, schema.argumentOf(row), 1);
  return p;
}
