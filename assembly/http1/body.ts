/**
 * Bodies: all of it dies. RFC 9112 6 and 7.1:
 *
 *   chunked-body = *( chunk-size [ chunk-ext ] CRLF chunk-data CRLF )
 *                  1*( "0" ) [ chunk-ext ] CRLF trailer-section CRLF
 *
 * A bare LF ends a line as in the head. Spaces behind a chunk size are passed over: old servers
 * pad it.
 */
import { valueEnd } from "../scan";
import { left, setLeft } from "./direction";
import {
  BODY_LENGTH,
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_END_LF,
  CHUNK_EXTENSION,
  CHUNK_SIZE,
  CHUNK_SIZE_LF,
  CR,
  FLAG_NO_FOLD,
  FLAG_TRAILER,
  HTAB,
  LF,
  LINE_START,
  MESSAGE_END,
  SP,
  count,
  counted,
  enter,
  erase,
  fail,
  set,
  stateOf,
} from "./states";

/** A body of known length, or a chunk's data. */
export function inCounted(slot: usize, p: usize, end: usize): usize {
  const remaining = left(slot);
  const size = <u64>(end - p);
  const taken = min(remaining, size);
  erase(slot, p, p + <usize>taken);
  setLeft(slot, remaining - taken);
  if (taken == remaining) endCounted(slot);
  return p + <usize>taken;
}

function endCounted(slot: usize): void {
  enter(slot, stateOf(slot) == BODY_LENGTH ? MESSAGE_END : CHUNK_END, 0);
}

/** `size` bytes of it are missing; false when that is more than was left. */
export function skipCounted(slot: usize, size: u64): bool {
  const remaining = left(slot);
  if (size > remaining) return false;
  setLeft(slot, remaining - size);
  if (size == remaining) endCounted(slot);
  return true;
}

export function inChunkSize(slot: usize, p: usize, end: usize): usize {
  const begin = p;
  // 1 behind the first digit.
  let digits = counted(slot);
  let size = left(slot);
  for (; p < end; p++) {
    const digit = hexDigit(load<u8>(p));
    if (digit > 15) break;
    if (size >> 60 != 0) return fail(slot, p);
    size = (size << 4) | digit;
    digits = 1;
  }
  erase(slot, begin, p);
  setLeft(slot, size);
  count(slot, digits);
  if (p == end) return end;
  return digits == 0 ? fail(slot, p) : inChunkExtension(slot, enter(slot, CHUNK_EXTENSION, p), end);
}

@inline
function hexDigit(byte: u8): u8 {
  const digit: u8 = byte - 0x30;
  if (digit < 10) return digit;
  const letter: u8 = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 255;
}

/** What begins behind the size is spaces, an extension, or the end of the line. */
export function inChunkExtension(slot: usize, p: usize, end: usize): usize {
  const byte = load<u8>(p);
  if (counted(slot) == 0 && byte != CR && byte != LF) {
    if (byte != SP && byte != HTAB && byte != 0x3b) return fail(slot, p);
    count(slot, 1);
  }
  const stop = valueEnd(p, end);
  erase(slot, p, stop);
  if (stop == end) return end;
  const last = load<u8>(stop);
  if (last == CR) {
    erase(slot, stop, stop + 1);
    return enter(slot, CHUNK_SIZE_LF, stop + 1);
  }
  return last == LF ? atChunkSizeLf(slot, stop) : fail(slot, stop);
}

export function atChunkSizeLf(slot: usize, p: usize): usize {
  if (load<u8>(p) != LF) return fail(slot, p);
  erase(slot, p, p + 1);
  if (left(slot) != 0) return enter(slot, CHUNK_DATA, p + 1);
  set(slot, FLAG_TRAILER | FLAG_NO_FOLD, true);
  return enter(slot, LINE_START, p + 1);
}

export function atChunkEnd(slot: usize, p: usize): usize {
  const byte = load<u8>(p);
  if (byte == LF) return atChunkEndLf(slot, p);
  if (byte != CR) return fail(slot, p);
  erase(slot, p, p + 1);
  return enter(slot, CHUNK_END_LF, p + 1);
}

export function atChunkEndLf(slot: usize, p: usize): usize {
  if (load<u8>(p) != LF) return fail(slot, p);
  erase(slot, p, p + 1);
  return enter(slot, CHUNK_SIZE, p + 1);
}
