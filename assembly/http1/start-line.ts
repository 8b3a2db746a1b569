/**
 * The start line, RFC 9112 3 and 4. Query, fragment, userinfo, path parameters and reason phrase
 * are zeroed; the delimiters before them stay.
 *
 *   request-line = method SP request-target SP HTTP-version
 *   status-line  = HTTP-version SP status-code SP [ reason-phrase ]
 */
import { SLOT_IS_CONNECT, SLOT_WORD } from "../abi";
import { LEADING_EMPTY_BYTES_MAX, START_WORD_BYTES_MAX } from "../limits";
import { valueEnd, visibleEnd, wipe } from "../scan";
import { endLine } from "./header-line";
import { isStartWord } from "./names";
import {
  AFTER_ASTERISK,
  AFTER_STATUS_CODE,
  AUTHORITY,
  CR,
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
  fail,
  forgetWord,
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
  if (byte != CR && byte != LF) return enter(slot, START_WORD, p);
  const empty = counted(slot) + 1;
  if (empty > LEADING_EMPTY_BYTES_MAX) return fail(slot, p);
  enter(slot, byte == CR ? START_LF : START, p);
  count(slot, empty);
  return p + 1;
}

export function atStartLf(slot: usize, p: usize): usize {
  return load<u8>(p) == LF ? atStart(slot, p) : fail(slot, p);
}

/** The word is kept in the slot until its space; only what begins a listed word stays there. */
export function inStartWord(slot: usize, p: usize, end: usize): usize {
  let length = counted(slot);
  const word = slot + SLOT_WORD;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == SP) return afterStartWord(slot, length, p);
    if (length == START_WORD_BYTES_MAX) return fail(slot, p);
    store<u8>(word + length, byte);
    length++;
  }
  count(slot, length);
  return isStartWord(word, length, false) ? end : fail(slot, end);
}

function afterStartWord(slot: usize, length: u32, p: usize): usize {
  const word = slot + SLOT_WORD;
  if (!isStartWord(word, length, true)) return fail(slot, p);
  const isResponse = load<u8>(word + 4) == SLASH;
  // No other method has seven letters and an N third.
  store<u8>(slot, u8(length == 7 && load<u8>(word + 2) == 0x4e), SLOT_IS_CONNECT);
  forgetWord(slot);
  return enter(slot, isResponse ? STATUS_CODE : TARGET, p + 1);
}

/** request-target = origin-form / absolute-form / authority-form (CONNECT alone) / "*" */
export function atTarget(slot: usize, p: usize): usize {
  if (load<u8>(slot, SLOT_IS_CONNECT)) return enterAuthority(slot, p);
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
  setUndecidedFrom(slot, p);
  return enter(slot, AUTHORITY, p);
}

/** authority = [ userinfo "@" ] host [ ":" port ]: not decided before it ends, RFC 3986 3.2 */
export function inAuthority(slot: usize, p: usize, end: usize): usize {
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == AT) {
      wipe(undecidedFrom(slot), p);
    } else if (!isAuthorityByte(byte)) {
      return afterAuthority(slot, byte, p);
    }
  }
  return end;
}

function afterAuthority(slot: usize, byte: u8, p: usize): usize {
  if (byte == SP) return enter(slot, VERSION, p + 1);
  const isPath = byte == SLASH || byte == QUESTION || byte == HASH;
  return isPath && !load<u8>(slot, SLOT_IS_CONNECT) ? enter(slot, PATH, p) : fail(slot, p);
}

/** unreserved, sub-delims, "%", ":", "[" or "]", RFC 3986 2 */
function isAuthorityByte(byte: u8): bool {
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  // 0x24..0x3b is $%&'()*+,-./0123456789:; of which only the slash is no part of an authority.
  if (byte >= 0x24 && byte <= 0x3b) return byte != SLASH;
  return byte == 0x21 || byte == 0x3d || byte == 0x5b || byte == 0x5d || byte == 0x5f || byte == 0x7e;
}

export function inPath(slot: usize, p: usize, end: usize): usize {
  return afterPath(slot, visibleEnd(p, end, SEMICOLON, QUESTION, HASH), end);
}

export function inParameter(slot: usize, p: usize, end: usize): usize {
  const stop = visibleEnd(p, end, SLASH, QUESTION, HASH);
  wipe(p, stop);
  return afterPath(slot, stop, end);
}

export function inQuery(slot: usize, p: usize, end: usize): usize {
  const stop = visibleEnd(p, end, 0, 0, 0);
  wipe(p, stop);
  return afterPath(slot, stop, end);
}

/** What ended a part of the target decides the next part. */
function afterPath(slot: usize, stop: usize, end: usize): usize {
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
  wipe(p, stop);
  return endLine(slot, stop, end);
}
