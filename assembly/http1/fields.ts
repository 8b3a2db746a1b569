/**
 * Values of header fields that the parser reads, while redaction passes over them:
 *
 *   Content-Length    = 1*DIGIT                    RFC 9110 8.6, a list of the same number, too
 *   Transfer-Encoding = #( coding *( ";" … ) )     RFC 9112 6.1
 *   Upgrade           = #( name [ "/" version ] )  RFC 9110 7.8
 *   traceparent       = version "-" trace-id "-" parent-id "-" flags, W3C Trace Context 3.2
 */
import { SLOT_WORD } from "../abi";
import { CALL_FLAGS, CALL_FLAG_TRACE, CALL_SPAN_ID, CALL_TRACE_ID } from "../core/call";
import { readTraceparent as readTrace } from "../core/traceparent";
import { wipe } from "../scan";
import {
  FRAMING_CHUNKED,
  FRAMING_CODING,
  FRAMING_H2C,
  FRAMING_LENGTH,
  FRAMING_UPGRADE,
  callOf,
  framing,
  isRequest,
  left,
  number,
  setFraming,
  setLeft,
  setNumber,
} from "./direction";
import { TRACEPARENT_SIZE, endLine, inTraceparent, isTraceparent, skipBlanks } from "./header-line";
import {
  CR,
  HTAB,
  LF,
  LINE_END,
  SP,
  TRACEPARENT_CUT,
  VALUE_DROPPED,
  count,
  counted,
  enter,
  erase,
  fail,
  forgetWord,
} from "./states";

const COMMA: u8 = 0x2c;
const HYPHEN: u8 = 0x2d;
const SLASH: u8 = 0x2f;
const SEMICOLON: u8 = 0x3b;

/** The largest number that takes another digit, and the largest that it takes. */
const TENTH_MAX: u64 = u64.MAX_VALUE / 10;
const LAST_DIGIT_MAX: u64 = u64.MAX_VALUE % 10;

/** Places in a number of a list: before it, in it, behind it. */
const BEFORE: u32 = 0;
const WITHIN: u32 = 1;
const BEHIND: u32 = 2;

export function inContentLength(slot: usize, p: usize, end: usize): usize {
  let place = counted(slot);
  let value = number(slot);
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte >= 0x30 && byte <= 0x39) {
      const digit = <u64>(byte - 0x30);
      if (place == BEHIND || value > TENTH_MAX) return fail(slot, p);
      if (value == TENTH_MAX && digit > LAST_DIGIT_MAX) return fail(slot, p);
      value = value * 10 + digit;
      place = WITHIN;
    } else if (byte == SP || byte == HTAB) {
      if (place == WITHIN) place = BEHIND;
    } else {
      // Anything else ends a number, if there is one.
      if (place == BEFORE || !takeLength(slot, value)) return fail(slot, p);
      if (byte != COMMA) return endLine(slot, p, end);
      value = 0;
      place = BEFORE;
    }
  }
  setNumber(slot, value);
  count(slot, place);
  return end;
}

/** False when the message said otherwise before. */
function takeLength(slot: usize, value: u64): bool {
  setNumber(slot, 0);
  if (framing(slot) & FRAMING_LENGTH) return left(slot) == value;
  setFraming(slot, FRAMING_LENGTH, true);
  setLeft(slot, value);
  return true;
}

/** Bytes of a name that can matter, and the mark that the name is over. */
const LIST_NAME_MAX: u32 = 8;
const LIST_LENGTH: u32 = 15;
const LIST_NAME_OVER: u32 = 16;

/** A list of names of which the parser knows some; the name at hand is kept in the slot's word. */
export function inList(slot: usize, p: usize, end: usize, isCoding: bool): usize {
  let length = counted(slot) & LIST_LENGTH;
  let over = counted(slot) & LIST_NAME_OVER;
  if (counted(slot) == 0) forgetWord(slot);
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == COMMA || (byte < SP && byte != HTAB) || byte == 0x7f) {
      if (length > 0) takeName(slot, length, isCoding);
      if (byte != COMMA) return endLine(slot, p, end);
      forgetWord(slot);
      length = 0;
      over = 0;
    } else if (byte == SP || byte == HTAB || byte == SEMICOLON || byte == SLASH) {
      if (length > 0) over = LIST_NAME_OVER;
    } else if (over == 0 && length <= LIST_NAME_MAX) {
      if (length < LIST_NAME_MAX) store<u8>(slot + length, byte | 0x20, SLOT_WORD);
      length++;
    }
  }
  count(slot, length | over);
  return end;
}

/** Names of up to eight letters as little-endian numbers. */
const CHUNKED: u64 = 0x64656b6e756863;
const IDENTITY: u64 = 0x797469746e656469;
const H2C: u64 = 0x633268;

function takeName(slot: usize, length: u32, isCoding: bool): void {
  const name: u64 = length > LIST_NAME_MAX ? 0 : load<u64>(slot, SLOT_WORD);
  if (!isCoding) {
    setFraming(slot, FRAMING_UPGRADE, true);
    if (name == H2C) setFraming(slot, FRAMING_H2C, true);
  } else if (name != IDENTITY) {
    // The obsolete name of no coding (RFC 2616 3.6) says nothing.
    setFraming(slot, FRAMING_CODING, true);
    setFraming(slot, FRAMING_CHUNKED, name == CHUNKED);
  }
}

/** Redacted as in `inTraceparent`, and read into the call of a request, the first one alone. */
export function readTraceparent(slot: usize, p: usize, end: usize): usize {
  const call = callOf(slot);
  if (call == 0 || !isRequest(slot) || load<u8>(call, CALL_FLAGS) & CALL_FLAG_TRACE) {
    return inTraceparent(slot, p, end);
  }
  p = skipBlanks(p, end);
  if (p == end) return end;
  const next = p + TRACEPARENT_SIZE;
  if (next >= end) return enter(slot, TRACEPARENT_CUT, p);
  const byte = load<u8>(next);
  if (!isTraceparent(p) || (byte != CR && byte != LF)) return enter(slot, VALUE_DROPPED, p);
  if (readTrace(p, <u32>TRACEPARENT_SIZE, call + CALL_TRACE_ID)) finishTrace(call);
  else forgetTrace(call);
  return enter(slot, LINE_END, next);
}

/** The bytes die one by one; what they say goes to the call, unless it turns out to be none. */
export function inTraceparentCut(slot: usize, p: usize, end: usize): usize {
  let place = counted(slot);
  const call = callOf(slot);
  for (; p < end; p++, place++) {
    const byte = load<u8>(p);
    if (call == 0 || place == <u32>TRACEPARENT_SIZE) {
      const isWhole = byte == CR || byte == LF;
      if (call != 0 && isWhole) finishTrace(call);
      else forgetTrace(call);
      return enter(slot, VALUE_DROPPED, p);
    }
    // Version ff is invalid: its first digit is kept beside the name of the field.
    if (place == 0) store<u8>(slot, byte, SLOT_WORD);
    const isInvalid = place == 1 && byte == 0x66 && load<u8>(slot, SLOT_WORD) == 0x66;
    if (isInvalid || !fits(place, byte)) {
      forgetTrace(call);
      return enter(slot, VALUE_DROPPED, p);
    }
    takePlace(call, place, byte);
    erase(slot, p, p + 1);
  }
  count(slot, place);
  return end;
}

function fits(place: u32, byte: u8): bool {
  if (place == 2 || place == 35 || place == 52) return byte == HYPHEN;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

/** A digit of the trace id (places 3 to 34) or of the parent id (36 to 51). */
function takePlace(call: usize, place: u32, byte: u8): void {
  if (place < 3 || place == 35 || place > 51) return;
  const digit = place - (place < 35 ? 3 : 4);
  const value = byte <= 0x39 ? byte - 0x30 : byte - 0x57;
  const at = call + CALL_TRACE_ID + <usize>(digit >> 1);
  store<u8>(at, digit & 1 ? load<u8>(at) | value : value << 4);
}

/** An id of zeros alone is invalid. */
function finishTrace(call: usize): void {
  const hasTrace = (load<u64>(call, CALL_TRACE_ID) | load<u64>(call, CALL_TRACE_ID + 8)) != 0;
  if (!hasTrace || load<u64>(call, CALL_SPAN_ID) == 0) forgetTrace(call);
  else store<u8>(call, load<u8>(call, CALL_FLAGS) | CALL_FLAG_TRACE, CALL_FLAGS);
}

export function forgetTrace(call: usize): void {
  if (call == 0 || load<u8>(call, CALL_FLAGS) & CALL_FLAG_TRACE) return;
  wipe(call + CALL_TRACE_ID, call + CALL_TRACE_ID + 24);
}
