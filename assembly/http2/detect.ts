/**
 * How HTTP/2 is told from other protocols: the preface of a client, the SETTINGS a server begins
 * with, RFC 9113 3.4; and in the middle of a connection by two likely frame heads, or by one of
 * HEADERS whose block begins with pseudo-header fields (8.3).
 *
 * Looks at DETECT_BYTES_MAX bytes at most, so that a verdict does not hang on how bytes arrive.
 */
import { CONN_FLAGS, CONN_FLAG_CLIENT_KNOWN, isClient, port } from "../core/conn-layout";
import { DETECT_BYTES_MAX } from "../core/limits";
import { DETECT_CLIENT, DETECT_MORE, DETECT_NO, DETECT_SERVER } from "../core/stream";
import {
  HEADERS,
  HEAD_BYTES,
  SETTINGS,
  frameFlags,
  frameLength,
  frameType,
  isLikely,
  isPadded,
  prefixOf,
} from "./frame";
import { PREFACE_BYTES, prefaceBytes } from "./preface";

const HEADS_WANTED: u32 = 2;
/** Fields of a block among which a pseudo-header field has to be. */
const FIELDS_WANTED: u32 = 5;
/** Static entries 1 to 7 are those of requests, 8 to 14 the status (RFC 7541 Appendix A). */
const LAST_REQUEST_FIELD: u8 = 7;
const LAST_PSEUDO_FIELD: u8 = 14;

export function detectHttp2(conn: usize, side: u32, p: usize, end: usize): i32 {
  end = min(end, p + DETECT_BYTES_MAX);
  const same = prefaceBytes(p, end, 0);
  if (same == PREFACE_BYTES) return DETECT_CLIENT;
  if (same > 0) return p + same == end ? DETECT_MORE : DETECT_NO;
  for (let heads: u32 = 0; heads < HEADS_WANTED; heads++) {
    if (p > end) return DETECT_MORE;
    const have = min(<u32>(end - p), HEAD_BYTES);
    if (!isLikely(p, have)) return DETECT_NO;
    if (have < HEAD_BYTES) return DETECT_MORE;
    if (heads == 0 && frameType(p) == SETTINGS && frameFlags(p) == 0) return atSettings(p, end);
    if (frameType(p) == HEADERS) {
      const verdict = atHeaders(p, end);
      if (verdict != DETECT_MORE) return verdict;
    }
    p += HEAD_BYTES + frameLength(p);
  }
  return guessedRole(conn, side);
}

/** The first setting, when there is one, has a registered or a small number. */
function atSettings(p: usize, end: usize): i32 {
  if (frameLength(p) == 0) return DETECT_SERVER;
  if (<u32>(end - p) < HEAD_BYTES + 2) return DETECT_MORE;
  return load<u8>(p, HEAD_BYTES) == 0 ? DETECT_SERVER : DETECT_NO;
}

/** Who sends this HEADERS frame; DETECT_MORE when its block ends or is cut before it tells. */
function atHeaders(head: usize, end: usize): i32 {
  const flags = frameFlags(head);
  const skipped = prefixOf(HEADERS, flags) + <u32>isPadded(HEADERS, flags);
  let p = head + HEAD_BYTES + skipped;
  end = min(end, head + HEAD_BYTES + frameLength(head));
  for (let fields: u32 = 0; fields < FIELDS_WANTED && p < end; fields++, p++) {
    const byte = load<u8>(p);
    const isIndexed = (byte & 0x80) != 0;
    const index = isIndexed ? byte & 0x7f : byte & 0x40 ? byte & 0x3f : byte & 0x0f;
    if (isIndexed && index == 0) return DETECT_NO;
    const isSizeUpdate = (byte & 0xe0) == 0x20;
    if (!isSizeUpdate && index >= 1 && index <= LAST_PSEUDO_FIELD) {
      return index <= LAST_REQUEST_FIELD ? DETECT_CLIENT : DETECT_SERVER;
    }
    // What follows a literal is not looked into, nor what follows an index of two bytes.
    if (!isIndexed || index == 0x7f) return DETECT_MORE;
  }
  return DETECT_MORE;
}

/** Servers have the lower port, unless the host knows who is who. */
function guessedRole(conn: usize, side: u32): i32 {
  const known = (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_CLIENT_KNOWN) != 0;
  const client = known ? isClient(conn, side) : port(conn, side) > port(conn, 1 - side);
  return client ? DETECT_CLIENT : DETECT_SERVER;
}
