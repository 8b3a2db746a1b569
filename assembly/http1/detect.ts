/**
 * Whether the first bytes of a direction are HTTP/1 over TCP: the beginning of a request with a
 * registered method, a whole request line with any method, or the beginning of a status line.
 * Looks at DETECT_BYTES_MAX bytes, changes nothing.
 *
 * A client may speak to a SOCKS proxy first (RFC 1928, and version 4 as its authors describe it):
 *
 *   5, count, methods  [ 1, length, user, length, password ]  5, command, 0, type, address, port
 *   4, command, port, address, user, 0  [ name, 0 ]
 */
import { CONN_TRANSPORT } from "../core/conn-layout";
import { DETECT_BYTES_MAX } from "../core/limits";
import { DETECT_CLIENT, DETECT_MORE, DETECT_NO, DETECT_SERVER } from "../core/stream";
import { LEADING_EMPTY_BYTES_MAX, START_WORD_BYTES_MAX } from "../limits";
import { tokenEnd, visibleEnd } from "../scan";
import { MARK_BEGUN, marked } from "./direction";
import { isStartWord } from "./names";
import {
  CR,
  FLAG_REQUESTS,
  LF,
  RESYNC,
  SP,
  START,
  counted,
  enter,
  erase,
  has,
  stateOf,
} from "./states";

const TCP: u8 = 6;
const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;

export function detectHttp1(conn: usize, p: usize, end: usize): i32 {
  if (load<u8>(conn, CONN_TRANSPORT) != TCP) return DETECT_NO;
  const isAll = end - p >= DETECT_BYTES_MAX;
  const stop = isAll ? p + DETECT_BYTES_MAX : end;
  const first = load<u8>(p);
  const verdict = first == 4 || first == 5 ? behindSocks(p, stop) : verdictOf(p, stop);
  return verdict == DETECT_MORE && isAll ? DETECT_NO : verdict;
}

/**
 * What detection let pass before the first request dies; returns where the request begins. All of
 * it is in the bytes that detection held. What the proxy answers begins with its version or a zero:
 * the first response is looked for behind it.
 */
export function passSocks(slot: usize, p: usize, end: usize): usize {
  if (stateOf(slot) != START || counted(slot) != 0 || marked(slot, MARK_BEGUN)) return p;
  if (!has(slot, FLAG_REQUESTS)) {
    return load<u8>(p) == 5 || load<u8>(p) == 0 ? enter(slot, RESYNC, p) : p;
  }
  const next = socksEnd(p, end);
  if (next == 0 || next >= end) return p;
  erase(slot, p, next);
  return next;
}

function behindSocks(p: usize, end: usize): i32 {
  const next = socksEnd(p, end);
  if (next == 0) return DETECT_NO;
  return next < end ? verdictOf(next, end) : DETECT_MORE;
}

function socksEnd(p: usize, end: usize): usize {
  const version = load<u8>(p);
  if (version == 5) return socks5End(p, end);
  return version == 4 ? socks4End(p, end) : 0;
}

/** Behind the messages of version 5; at `end` or after it when they go on, 0 when they are none. */
function socks5End(p: usize, end: usize): usize {
  if (p + 2 > end) return end;
  const methods = load<u8>(p, 1);
  if (methods == 0 || methods > 8) return 0;
  p += 2 + <usize>methods;
  if (p + 2 > end) return end;
  if (load<u8>(p) == 1) {
    p += 2 + <usize>load<u8>(p, 1);
    if (p + 1 > end) return end;
    p += 1 + <usize>load<u8>(p);
  }
  if (p + 5 > end) return end;
  if (load<u8>(p) != 5 || load<u8>(p, 2) != 0) return 0;
  const type = load<u8>(p, 3);
  if (type == 1) return p + 10;
  if (type == 4) return p + 22;
  return type == 3 ? p + 7 + <usize>load<u8>(p, 4) : 0;
}

function socks4End(p: usize, end: usize): usize {
  if (p + 9 > end) return end;
  const command = load<u8>(p, 1);
  if (command != 1 && command != 2) return 0;
  // An address of 0.0.0.x announces a name.
  const hasName = (load<u32>(p, 4) & 0xffffff) == 0;
  p = textEnd(p + 8, end);
  return hasName ? textEnd(p, end) : p;
}

function textEnd(p: usize, end: usize): usize {
  while (p < end && load<u8>(p) != 0) p++;
  return p + 1;
}

function verdictOf(p: usize, end: usize): i32 {
  const limit = min(end, p + LEADING_EMPTY_BYTES_MAX);
  while (p < limit && (load<u8>(p) == CR || load<u8>(p) == LF)) p++;
  if (p == end) return DETECT_MORE;
  if (load<u8>(p) == 0x48) {
    const response = statusLine(p, end);
    if (response != DETECT_NO) return response;
  }
  return requestLine(p, end);
}

/** HTTP-version SP 3DIGIT, and a byte that may follow. */
function statusLine(p: usize, end: usize): i32 {
  for (let index: usize = 0; index <= 12; index++) {
    if (p + index == end) return DETECT_MORE;
    const byte = load<u8>(p + index);
    let fits = byte >= 0x30 && byte <= 0x39;
    if (index < 8) fits = isVersionByte(index, byte);
    else if (index == 8) fits = byte == SP;
    else if (index == 12) fits = byte == SP || byte == CR || byte == LF;
    if (!fits) return DETECT_NO;
  }
  return DETECT_SERVER;
}

/** "HTTP/1.0" or "HTTP/1.1" */
function isVersionByte(index: usize, byte: u8): bool {
  if (index == 7) return byte == 0x30 || byte == 0x31;
  return byte == <u8>(0x2e312f50545448 >> (<u64>index << 3));
}

function requestLine(p: usize, end: usize): i32 {
  const stop = tokenEnd(p, end);
  const length = <u32>(stop - p);
  if (length == 0 || length > START_WORD_BYTES_MAX) return DETECT_NO;
  if (stop == end) return DETECT_MORE;
  if (load<u8>(stop) != SP) return DETECT_NO;
  if (stop + 1 == end) return DETECT_MORE;
  const target = stop + 1;
  const begun = isStartWord(p, length) ? listedTarget(p, length, target, end) : DETECT_NO;
  return begun != DETECT_NO ? begun : anyRequest(target, end);
}

/** What begins a target, after a registered method. */
function listedTarget(method: usize, length: u32, p: usize, end: usize): i32 {
  const byte = load<u8>(p);
  // CONNECT
  if (length == 7 && load<u8>(method + 2) == 0x4e) {
    return isHostByte(byte) ? DETECT_CLIENT : DETECT_NO;
  }
  if (byte == SLASH) return DETECT_CLIENT;
  if (byte != 0x2a) return scheme(p, end);
  if (p + 1 == end) return DETECT_MORE;
  return load<u8>(p + 1) == SP ? DETECT_CLIENT : DETECT_NO;
}

/** A letter, a digit or "[" begins a host. */
function isHostByte(byte: u8): bool {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5b;
}

/** "http://" or "https://", any case. */
function scheme(p: usize, end: usize): i32 {
  let at = p;
  for (; at < end && at < p + 4; at++) {
    // "http" as a little-endian number.
    if ((load<u8>(at) | 0x20) != <u8>(0x70747468 >> (<u32>(at - p) << 3))) return DETECT_NO;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x73) at++;
  for (let index: u32 = 0; index < 3; index++, at++) {
    if (at == end) return DETECT_MORE;
    if (load<u8>(at) != (index == 0 ? COLON : SLASH)) return DETECT_NO;
  }
  return DETECT_CLIENT;
}

/** A method on no list is believed with a whole request line alone. */
function anyRequest(p: usize, end: usize): i32 {
  const first = load<u8>(p);
  if (first != SLASH && first != 0x2a && (first | 0x20) != 0x68) return DETECT_NO;
  const space = visibleEnd(p, end, 0, 0, 0);
  if (space == end) return DETECT_MORE;
  if (load<u8>(space) != SP) return DETECT_NO;
  for (let index: usize = 0; index <= 8; index++) {
    const at = space + 1 + index;
    if (at == end) return DETECT_MORE;
    const byte = load<u8>(at);
    if (index == 8 ? byte != CR && byte != LF : !isVersionByte(index, byte)) return DETECT_NO;
  }
  return DETECT_CLIENT;
}
