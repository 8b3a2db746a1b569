/**
 * What of a :path survives, the rules of HTTP/1: no query, no fragment, no `;parameters`, of an
 * absolute form no scheme and authority. It ends where a byte is no visible ASCII.
 */
import { RESOURCE_BYTES_MAX } from "../core/limits";
import { visibleEnd } from "../scan";

const SLASH: u8 = 0x2f;
const SEMICOLON: u8 = 0x3b;
const QUESTION: u8 = 0x3f;
const HASH: u8 = 0x23;

/**
 * Writes to `out` and returns the length, at most RESOURCE_BYTES_MAX + 1: one byte more than will
 * be kept, which tells that it was cut.
 */
export function cleanPath(p: usize, length: u32, out: usize): u32 {
  const end = p + length;
  p = beginOfPath(p, end);
  let size: u32 = 0;
  while (p < end && size <= RESOURCE_BYTES_MAX) {
    const stop = visibleEnd(p, end, SEMICOLON, QUESTION, HASH);
    const part = min(<u32>(stop - p), RESOURCE_BYTES_MAX + 1 - size);
    memory.copy(out + size, p, part);
    size += part;
    if (stop == end || load<u8>(stop) != SEMICOLON) break;
    p = visibleEnd(stop, end, SLASH, QUESTION, HASH);
    if (p == end || load<u8>(p) != SLASH) break;
  }
  return size;
}

/** Origin form, "*", or the path of an absolute form; `end` when it is neither. */
function beginOfPath(p: usize, end: usize): usize {
  const byte = load<u8>(p);
  if (byte == SLASH || (byte == 0x2a && end - p == 1)) return p;
  // The scheme is http or https: a colon and two slashes at 4 or 5.
  for (let at = p + 4; at <= p + 5; at++) {
    if (at + 3 > end || load<u8>(at) != 0x3a || load<u16>(at, 1) != 0x2f2f) continue;
    const path = visibleEnd(at + 3, end, SLASH, QUESTION, HASH);
    return path < end && load<u8>(path) == SLASH ? path : end;
  }
  return end;
}
