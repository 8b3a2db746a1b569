/**
 * traceparent, W3C Trace Context 3.2:
 *
 *   version "-" trace-id "-" parent-id "-" trace-flags        2, 32, 16 and 2 lower-case hex digits
 *
 * Version ff and ids of zeros are invalid. A higher version than 00 may go on behind a hyphen.
 */
export const TRACEPARENT_BYTES: u32 = 55;
/** Trace id and parent span id, binary. */
export const TRACE_BYTES: u32 = 24;

/** Writes trace id and parent span id to `out`; false when the value is not grammatical. */
export function readTraceparent(p: usize, length: u32, out: usize): bool {
  if (length < TRACEPARENT_BYTES) return false;
  if (load<u8>(p, 2) != 0x2d || load<u8>(p, 35) != 0x2d || load<u8>(p, 52) != 0x2d) return false;
  if (length > TRACEPARENT_BYTES && (load<u16>(p) == 0x3030 || load<u8>(p, 55) != 0x2d)) return false;
  if (load<u16>(p) == 0x6666 || hexByte(p) < 0 || hexByte(p + 53) < 0) return false;
  for (let at: usize = 0; at < TRACE_BYTES; at++) {
    const byte = hexByte(p + 3 + at * 2 + (at < 16 ? 0 : 1));
    if (byte < 0) return false;
    store<u8>(out + at, <u8>byte);
  }
  return (load<u64>(out) | load<u64>(out, 8)) != 0 && load<u64>(out, 16) != 0;
}

/** Two lower-case hex digits, -1 when they are not. */
@inline
function hexByte(p: usize): i32 {
  return (hexDigit(load<u8>(p)) << 4) | hexDigit(load<u8>(p, 1));
}

function hexDigit(byte: u8): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
