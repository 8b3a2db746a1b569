/**
 * Where the walk is: rows within rows. An entry of the stack is a list of rows that is gone through
 * once for each element.
 */
import { DEPTH_MAX } from "./limits";
import * as state from "./state";

@inline
export function top(d: usize): usize {
  const stack = <usize>load<u32>(d, state.PART) + state.PART_STACK;
  return stack + <usize>(load<u8>(d, state.DEPTH) - 1) * state.STACK_ENTRY;
}

/** The next row; returns `p`. */
@inline
export function advance(d: usize, p: usize): usize {
  const entry = top(d);
  store<u16>(entry, load<u16>(entry) + 1);
  return p;
}

export function push(d: usize, row: u32, elements: u32): void {
  const depth = load<u8>(d, state.DEPTH);
  // SAFETY: the generator refuses deeper definitions.
  if (<u32>depth >= DEPTH_MAX) unreachable();
  store<u8>(d, depth + 1, state.DEPTH);
  const entry = top(d);
  store<u16>(entry, <u16>row);
  store<u16>(entry, <u16>row, 2);
  store<u32>(entry, elements, 4);
}

export function endElement(d: usize, p: usize): usize {
  store<u8>(d, state.ROW, state.PHASE);
  const entry = top(d);
  const elements = load<u32>(entry, 4) - 1;
  if (elements > 0) {
    store<u32>(entry, elements, 4);
    store<u16>(entry, load<u16>(entry, 2));
    return p;
  }
  const depth = load<u8>(d, state.DEPTH) - 1;
  store<u8>(d, depth, state.DEPTH);
  if (depth == 0) store<u8>(d, state.DONE, state.PHASE);
  return p;
}

export function passOver(d: usize, size: u32, p: usize, stop: usize): usize {
  if (<usize>size > stop - p) return misfit(d, p);
  store<u32>(d, size, state.SKIP);
  return advance(d, p);
}

export function misfit(d: usize, p: usize): usize {
  store<u8>(d, state.MISFIT, state.PHASE);
  return p;
}

@inline
export function widthOf(d: usize, width: u32): u32 {
  return state.hasFlag(d, state.FLAG_FLEXIBLE) ? 0 : width;
}
