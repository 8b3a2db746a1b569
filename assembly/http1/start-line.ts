/**
 * The start line, RFC 9112 3 and 4. Query, fragment, userinfo, path parameters and reason phrase
 * are zeroed; the delimiters before them stay.
 *
 *   request-line = method SP request-target SP HTTP-version
 *   status-line  = HTTP-version SP status-code SP [ reason-phrase ]
 */
import { SLOT_WORD } from "../abi";
import { LEADING_EMPTY_BYTES_MAX, START_WORD_BYTES_MAX } from "../limits";
import { tokenEnd, valueEnd, visibleEnd } from "../scan";
import { endLine } from "./header-line";
import { beginsStartWord, isStartWord } from "./names";
import {
  AFTER_ASTERISK,
  AFTER_STATUS_CODE,
  AUTHORITY,
  CR,
  FLAG_CONNECT,
  FLAG_OTHER_METHOD,
  FLAG_REQUESTS,
  FLAG_TENTATIVE,
  LF,
  LINE_END,
  PARAMETER,
  PATH,
  QUERY,
  REASON,
  SCHEME,
  SP,
  START,
  START_LF,
  START_WORD,
  STATUS_CODE,
  TARGET,
  VERSION,
  count,
  counted,
  enter,
  erase,
  fail,
  forgetWord,
  has,
  set,
  setUndecidedFrom,
  undecidedFrom,
} from "./states";

const SLASH: u8 = 0x2f;
const QUESTION: u8 = 0x3f;
const HASH: u8 = 0x23;
const SEMICOLON: u8 = 0x3b;
const COLON: u8 = 0x3a;
const AT: u8 = 0x40;

export function atStart(slot: usize, p: usize): usize {
  const byte = load<u8>(p);
  if (byte != CR && byte != LF) {
    forgetWord(slot);
    return enter(slot, START_WORD, p);
  }
  const empty = counted(slot) + 1;
  if (empty > LEADING_EMPTY_BYTES_MAX) return fail(slot, p);
  enter(slot, byte == CR ? START_LF : START, p);
  count(slot, empty);
  return p + 1;
}

export function atStartLf(slot: usize, p: usize): usize {
  return load<u8>(p) == LF ? atStart(slot, p) : fail(slot, p);
}

/**
 * The word is kept in the slot, zeros behind it, until the next one; what begins no listed word
 * does not stay there when the chunk ends.
 */
export function inStartWord(slot: usize, p: usize, end: usize): usize {
  let length = counted(slot);
  const word = slot + SLOT_WORD;
  if (has(slot, FLAG_OTHER_METHOD)) return inOtherMethod(slot, length, p, end);
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == SP) return afterStartWord(slot, length, p);
    if (length == START_WORD_BYTES_MAX) return fail(slot, p);
    store<u8>(word + length, byte);
    length++;
  }
  if (beginsStartWord(word, length)) {
    count(slot, length);
    return end;
  }
  return otherMethod(slot, length) ? end : fail(slot, end);
}

function afterStartWord(slot: usize, length: u32, p: usize): usize {
  const word = slot + SLOT_WORD;
  if (!isStartWord(word, length)) {
    return otherMethod(slot, length) ? afterOtherMethod(slot, p) : fail(slot, p);
  }
  const isResponse = load<u8>(word + 4) == SLASH;
  // No other method has seven letters and an N third.
  set(slot, FLAG_CONNECT, length == 7 && load<u8>(word + 2) == 0x4e);
  return enter(slot, isResponse ? STATUS_CODE : TARGET, p + 1);
}

/** Whether the word may be a method that is not registered; it is forgotten then. */
function otherMethod(slot: usize, length: u32): bool {
  const word = slot + SLOT_WORD;
  if (!has(slot, FLAG_REQUESTS) || length == 0 || tokenEnd(word, word + length) != word + length) {
    return false;
  }
  forgetWord(slot);
  set(slot, FLAG_OTHER_METHOD, true);
  count(slot, length);
  return true;
}

function inOtherMethod(slot: usize, length: u32, p: usize, end: usize): usize {
  const stop = tokenEnd(p, end);
  length += <u32>(stop - p);
  if (length > START_WORD_BYTES_MAX) return fail(slot, stop);
  count(slot, length);
  if (stop == end) return end;
  return load<u8>(stop) == SP ? afterOtherMethod(slot, stop) : fail(slot, stop);
}

/** Whatever it is, it is on no list: it dies. */
function afterOtherMethod(slot: usize, p: usize): usize {
  erase(slot, undecidedFrom(slot), p);
  set(slot, FLAG_CONNECT, false);
  return enter(slot, TARGET, p + 1);
}

/** request-target = origin-form / absolute-form / authority-form (CONNECT alone) / "*" */
export function atTarget(slot: usize, p: usize): usize {
  if (has(slot, FLAG_CONNECT)) return enterAuthority(slot, p);
  const byte = load<u8>(p);
  if (byte == SLASH) return enter(slot, PATH, p);
  if (byte == 0x2a) return enter(slot, AFTER_ASTERISK, p + 1);
  return enter(slot, SCHEME, p);
}

/** "http://" or "https://", any case. */
export function inScheme(slot: usize, p: usize, end: usize): usize {
  let length = counted(slot);
  for (; p < end; p++) {
    const lower = <u8>(load<u8>(p) | 0x20);
    if (length < 4) {
      if (lower != (length == 0 ? 0x68 : length == 3 ? 0x70 : 0x74)) return fail(slot, p);
      length++;
    } else if (length == 4 && lower == 0x73) {
      length = 5;
    } else if (length <= 5 && load<u8>(p) == COLON) {
      length = 6;
    } else if (length >= 6 && load<u8>(p) == SLASH) {
      length++;
      if (length == 8) return enterAuthority(slot, p + 1);
    } else {
      return fail(slot, p);
    }
  }
  count(slot, length);
  return end;
}

function enterAuthority(slot: usize, p: usize): usize {
  // With an undecided line before it, all of it is.
  if (!has(slot, FLAG_TENTATIVE | FLAG_OTHER_METHOD)) setUndecidedFrom(slot, p);
  return enter(slot, AUTHORITY, p);
}

/** authority = [ userinfo "@" ] host [ ":" port ]: not decided before it ends, RFC 3986 3.2 */
export function inAuthority(slot: usize, p: usize, end: usize): usize {
  const begin = p;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == AT) {
      erase(slot, begin, p);
    } else if (!isAuthorityByte(byte)) {
      return afterAuthority(slot, byte, p);
    }
  }
  return end;
}

function afterAuthority(slot: usize, byte: u8, p: usize): usize {
  if (byte == SP) return enter(slot, VERSION, p + 1);
  const isPath = byte == SLASH || byte == QUESTION || byte == HASH;
  return isPath && !has(slot, FLAG_CONNECT) ? enter(slot, PATH, p) : fail(slot, p);
}

/** unreserved, sub-delims, "%", ":", "[" or "]", RFC 3986 2 */
function isAuthorityByte(byte: u8): bool {
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  // 0x24..0x3b is $%&'()*+,-./0123456789:; of which only the slash is no part of an authority.
  if (byte >= 0x24 && byte <= 0x3b) return byte != SLASH;
  if (byte == 0x21 || byte == 0x3d || byte == 0x5b) return true;
  return byte == 0x5d || byte == 0x5f || byte == 0x7e;
}

/** The end of what is kept of a path before its next delimiter; `afterPath` goes on there. */
export function pathEnd(p: usize, end: usize): usize {
  return visibleEnd(p, end, SEMICOLON, QUESTION, HASH);
}

export function inParameter(slot: usize, p: usize, end: usize): usize {
  const stop = visibleEnd(p, end, SLASH, QUESTION, HASH);
  erase(slot, p, stop);
  return afterPath(slot, stop, end);
}

export function inQuery(slot: usize, p: usize, end: usize): usize {
  const stop = visibleEnd(p, end, 0, 0, 0);
  erase(slot, p, stop);
  return afterPath(slot, stop, end);
}

/** What ended a part of the target decides the next part. */
export function afterPath(slot: usize, stop: usize, end: usize): usize {
  if (stop == end) return end;
  const byte = load<u8>(stop);
  if (byte == SP) return enter(slot, VERSION, stop + 1);
  if (byte == SLASH) return enter(slot, PATH, stop);
  if (byte == SEMICOLON) return enter(slot, PARAMETER, stop + 1);
  if (byte == QUESTION || byte == HASH) return enter(slot, QUERY, stop + 1);
  return fail(slot, stop);
}

export function afterAsterisk(slot: usize, p: usize): usize {
  return load<u8>(p) == SP ? enter(slot, VERSION, p + 1) : fail(slot, p);
}

/** "HTTP/1.0" or "HTTP/1.1" */
export function inVersion(slot: usize, p: usize, end: usize): usize {
  let length = counted(slot);
  for (; p < end && length < 8; p++, length++) {
    const byte = load<u8>(p);
    const fits = length < 7 ? byte == versionByte(length) : byte == 0x30 || byte == 0x31;
    if (!fits) return fail(slot, p);
  }
  if (length == 8) return enter(slot, LINE_END, p);
  count(slot, length);
  return p;
}

@inline
function versionByte(index: u32): u8 {
  // "HTTP/1." as a little-endian number.
  return <u8>(0x2e312f50545448 >> (<u64>index << 3));
}

export function inStatusCode(slot: usize, p: usize, end: usize): usize {
  let length = counted(slot);
  for (; p < end && length < 3; p++, length++) {
    const byte = load<u8>(p);
    if (byte < 0x30 || byte > 0x39) return fail(slot, p);
  }
  if (length == 3) return enter(slot, AFTER_STATUS_CODE, p);
  count(slot, length);
  return p;
}

export function afterStatusCode(slot: usize, p: usize, end: usize): usize {
  return load<u8>(p) == SP ? enter(slot, REASON, p + 1) : endLine(slot, p, end);
}

export function inReason(slot: usize, p: usize, end: usize): usize {
  const stop = valueEnd(p, end);
  erase(slot, p, stop);
  return endLine(slot, stop, end);
}
