/**
 * Header lines, RFC 9112 5: names survive, values only when the name is on the closed list.
 *
 *   field-line = field-name ":" OWS field-value OWS
 *
 * Space before the colon of a request and a bare CR are malformed. A bare LF ends a line, as RFC
 * 9112 2.2 lets a recipient read it; space before the colon of a response is passed over (5.1), its
 * value survives only where it frames the message. A folded line (5.2) is malformed for redaction
 * alone; in the parser it dies, and is malformed behind the start line and behind a field that
 * frames the message.
 */
import { SLOT_WORD, SLOT_WORD_SIZE } from "../abi";
import { NAME_BYTES_MAX } from "../limits";
import { tokenEnd, valueEnd } from "../scan";
import {
  NAME_CONTENT_LENGTH,
  NAME_CONTENT_TYPE,
  NAME_TRACEPARENT,
  NAME_TRANSFER_ENCODING,
  NAME_UPGRADE,
  listedName,
} from "./names";
import {
  BODY,
  CONTENT_LENGTH,
  CR,
  FLAG_NO_FOLD,
  FLAG_REQUESTS,
  FLAG_STREAM,
  FLAG_TRAILER,
  HEAD_LF,
  HTAB,
  LF,
  LINE_END,
  LINE_LF,
  LINE_START,
  MEDIA_TYPE,
  NAME,
  NAME_END,
  SP,
  TRACEPARENT,
  TRANSFER_CODING,
  UPGRADE,
  VALUE_DROPPED,
  VALUE_KEPT,
  count,
  counted,
  enter,
  erase,
  fail,
  has,
  set,
} from "./states";

const COLON: u8 = 0x3a;
const SLASH: u8 = 0x2f;

/** Where a line must end: CRLF or LF. Goes on in the next line as far as it can. */
export function endLine(slot: usize, p: usize, end: usize): usize {
  if (p == end) return end;
  const byte = load<u8>(p);
  if (byte != CR) return byte == LF ? enter(slot, LINE_START, p + 1) : fail(slot, p);
  // Most lines end within the chunk: no detour over two more states.
  if (p + 2 < end && load<u8>(p + 1) == LF) return atLineStart(slot, p + 2, end);
  return enter(slot, LINE_LF, p + 1);
}

/** The same, one byte at a time. */
export function atLineEnd(slot: usize, p: usize): usize {
  const byte = load<u8>(p);
  if (byte == CR) return enter(slot, LINE_LF, p + 1);
  return byte == LF ? enter(slot, LINE_START, p + 1) : fail(slot, p);
}

export function atLineLf(slot: usize, p: usize): usize {
  return load<u8>(p) == LF ? enter(slot, LINE_START, p + 1) : fail(slot, p);
}

export function atLineStart(slot: usize, p: usize, end: usize): usize {
  const byte = load<u8>(p);
  if (byte == CR) return enter(slot, HEAD_LF, p + 1);
  if (byte == LF) return enter(slot, BODY, p + 1);
  if (isFold(slot, byte)) return enter(slot, VALUE_DROPPED, p);
  return inName(slot, enter(slot, NAME, p), end);
}

@inline
function isFold(slot: usize, byte: u8): bool {
  return (byte == SP || byte == HTAB) && has(slot, FLAG_STREAM) && !has(slot, FLAG_NO_FOLD);
}

export function atHeadLf(slot: usize, p: usize): usize {
  return load<u8>(p) == LF ? enter(slot, BODY, p + 1) : fail(slot, p);
}

export function inName(slot: usize, p: usize, end: usize): usize {
  const before = counted(slot);
  const stop = tokenEnd(p, end);
  const length = before + <u32>(stop - p);
  if (length > NAME_BYTES_MAX) return fail(slot, p + (NAME_BYTES_MAX - before));
  if (stop < end && (load<u8>(stop) != COLON || length == 0)) {
    const isOver = length != 0 && isBlank(slot, load<u8>(stop));
    return isOver ? endName(slot, before, p, stop) : fail(slot, stop);
  }
  if (before == 0 && stop < end) return enterValue(slot, listedName(p, length), stop + 1);
  holdName(slot, before, p, stop);
  count(slot, length);
  if (stop == end) return end;
  return enterValue(slot, listedName(slot + SLOT_WORD, length), stop + 1);
}

/** A blank where those of a response are passed over. */
function isBlank(slot: usize, byte: u8): bool {
  return (byte == SP || byte == HTAB) && has(slot, FLAG_STREAM) && !has(slot, FLAG_REQUESTS);
}

/** What the name means is counted until its colon: 0 nothing, 1 the length, 2 the coding. */
function endName(slot: usize, before: u32, p: usize, stop: usize): usize {
  holdName(slot, before, p, stop);
  const name = listedName(slot + SLOT_WORD, before + <u32>(stop - p));
  enter(slot, NAME_END, stop);
  count(slot, name == NAME_CONTENT_LENGTH ? 1 : name == NAME_TRANSFER_ENCODING ? 2 : 0);
  return stop;
}

export function inNameEnd(slot: usize, p: usize, end: usize): usize {
  p = skipBlanks(p, end);
  if (p == end) return end;
  if (load<u8>(p) != COLON) return fail(slot, p);
  let name = -1;
  if (counted(slot) == 1) name = NAME_CONTENT_LENGTH;
  else if (counted(slot) == 2) name = NAME_TRANSFER_ENCODING;
  return enterValue(slot, name, p + 1);
}

/** Add a piece of a name that spans chunks; what is longer than the slot is on no list. */
function holdName(slot: usize, held: u32, p: usize, stop: usize): void {
  const word = slot + SLOT_WORD;
  for (; p < stop && held < SLOT_WORD_SIZE; p++, held++) store<u8>(word + held, load<u8>(p));
}

function enterValue(slot: usize, name: i32, next: usize): usize {
  set(slot, FLAG_NO_FOLD, name == NAME_CONTENT_LENGTH || name == NAME_TRANSFER_ENCODING);
  return enter(slot, has(slot, FLAG_TRAILER) ? VALUE_DROPPED : valueState(name), next);
}

function valueState(name: i32): u8 {
  if (name < 0) return VALUE_DROPPED;
  switch (name) {
    case NAME_UPGRADE: return UPGRADE;
    case NAME_TRACEPARENT: return TRACEPARENT;
    case NAME_CONTENT_TYPE: return MEDIA_TYPE;
    case NAME_CONTENT_LENGTH: return CONTENT_LENGTH;
    case NAME_TRANSFER_ENCODING: return TRANSFER_CODING;
    default: return VALUE_KEPT;
  }
}

export function inValueKept(slot: usize, p: usize, end: usize): usize {
  return endLine(slot, valueEnd(p, end), end);
}

export function inValueDropped(slot: usize, p: usize, end: usize): usize {
  const stop = valueEnd(p, end);
  erase(slot, p, stop);
  return endLine(slot, stop, end);
}

@inline
export function skipBlanks(p: usize, end: usize): usize {
  while (p < end && (load<u8>(p) == SP || load<u8>(p) == HTAB)) p++;
  return p;
}

/** media-type = type "/" subtype parameters, RFC 9110 8.3.1: parameters die, a boundary too. */
export function inMediaType(slot: usize, p: usize, end: usize): usize {
  // 0 before the type, 1 in the type, 2 in the subtype
  let part = counted(slot);
  if (part == 0) {
    p = skipBlanks(p, end);
    if (p == end) return end;
    part = 1;
  }
  const stop = tokenEnd(p, end);
  count(slot, part);
  if (stop == end) return end;
  if (part == 2 || load<u8>(stop) != SLASH) return enter(slot, VALUE_DROPPED, stop);
  count(slot, 2);
  return stop + 1;
}

/** Bits of the 55 bytes of a traceparent, and of the three hyphens in it. */
export const TRACEPARENT_SIZE: usize = 55;
const TRACEPARENT_BITS: u64 = 0x7fffffffffffff;
const TRACEPARENT_HYPHENS: u64 = (1 << 2) | (1 << 35) | (1 << 52);

/**
 * traceparent, W3C Trace Context 3.2: all of it or nothing. One that a chunk's end cuts dies,
 * because its first part would have to survive before the rest is known.
 */
export function inTraceparent(slot: usize, p: usize, end: usize): usize {
  p = skipBlanks(p, end);
  if (p == end) return end;
  const next = p + TRACEPARENT_SIZE;
  if (next >= end || !isTraceparent(p)) return enter(slot, VALUE_DROPPED, p);
  const byte = load<u8>(next);
  return byte == CR || byte == LF ? enter(slot, LINE_END, next) : enter(slot, VALUE_DROPPED, p);
}

/** version "-" trace-id "-" parent-id "-" trace-flags, in lower-case hex; version ff is invalid. */
export function isTraceparent(p: usize): bool {
  if (load<u16>(p) == 0x6666) return false;
  let hex: u64 = 0;
  let hyphens: u64 = 0;
  for (let at: u64 = 0; at < 64; at += 16) {
    const bytes = v128.load(p + <usize>at);
    const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
    const letters = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x61)), i8x16.splat(6));
    hex |= <u64>i8x16.bitmask(v128.or(digits, letters)) << at;
    hyphens |= <u64>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2d))) << at;
  }
  const isHyphens = (hyphens & TRACEPARENT_BITS) == TRACEPARENT_HYPHENS;
  return isHyphens && (hex & TRACEPARENT_BITS) == (TRACEPARENT_BITS ^ TRACEPARENT_HYPHENS);
}
