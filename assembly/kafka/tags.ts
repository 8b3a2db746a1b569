/**
 * The end of a message or structure; in flexible versions its tagged fields come here (KIP-482):
 *
 *   tagged fields  count:varint *( tag:varint size:varint bytes )
 */
import * as field from "./field";
import { setError } from "./rows";
import * as schema from "./schema";
import { endElement, misfit, top } from "./stack";
import * as state from "./state";

export function atEnd(d: usize, p: usize, end: usize, stop: usize): usize {
  if (!state.hasFlag(d, state.FLAG_FLEXIBLE)) return endElement(d, p);
  p = field.takeVarint(d, p, end);
  if (p == 0) return 0;
  const count = state.value();
  if (count < 0 || <usize>count > stop - p) return misfit(d, p);
  if (count == 0) return endElement(d, p);
  store<u32>(d, count, state.WANTED);
  store<u8>(d, state.TAG, state.PHASE);
  return p;
}

export function atTag(d: usize, p: usize, end: usize): usize {
  p = field.takeVarint(d, p, end);
  if (p == 0) return 0;
  const error = schema.extraOf(schema.rowAt(load<u16>(top(d))));
  const isError = error != schema.NONE && state.value() == <i32>error;
  store<u8>(d, isError ? state.TAG_ERROR_SIZE : state.TAG_SIZE, state.PHASE);
  return p;
}

export function atTagSize(d: usize, p: usize, end: usize, stop: usize): usize {
  p = field.takeVarint(d, p, end);
  if (p == 0) return 0;
  const size = state.value();
  if (size < 0 || <usize>size > stop - p) return misfit(d, p);
  store<u32>(d, size, state.SKIP);
  return endTag(d, p);
}

export function atTagErrorSize(d: usize, p: usize, end: usize, stop: usize): usize {
  p = field.takeVarint(d, p, end);
  if (p == 0) return 0;
  if (state.value() != 2 || stop - p < 2) return misfit(d, p);
  store<u8>(d, state.TAG_ERROR, state.PHASE);
  return p;
}

export function atTagError(d: usize, p: usize, end: usize): usize {
  const reached = field.takeInt16(d, p, end);
  state.keep(p, reached == 0 ? end : reached);
  if (reached == 0) return 0;
  setError(d);
  return endTag(d, reached);
}

function endTag(d: usize, p: usize): usize {
  const tags = load<u32>(d, state.WANTED) - 1;
  store<u32>(d, tags, state.WANTED);
  if (tags == 0) return endElement(d, p);
  store<u8>(d, state.TAG, state.PHASE);
  return p;
}
