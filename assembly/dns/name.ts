/**
 * Names as a question has them, RFC 1035 3.1:
 *
 *   name  = *label %x00         at most NAME_BYTES_MAX bytes
 *   label = length 1*63OCTET    length below 64
 *
 * A pointer (RFC 1035 4.1.4) refers to a name before it. The first question has none before it,
 * so a pointer there can only loop or point into the header: it is malformed, and nothing is
 * ever followed.
 */
import { LABEL_BYTES_MAX, NAME_BYTES_MAX } from "./limits";

/** The name goes on behind `end`; or it broke the grammar, see `nameFault`. */
export const NAME_MORE: usize = 0;
export const NAME_BAD: usize = 1;

/** Where the name that begins at `p` ends, or NAME_MORE or NAME_BAD. At most 128 steps. */
export function nameEnd(p: usize, end: usize): usize {
  const limit = p + NAME_BYTES_MAX;
  while (p < end) {
    const length = <u32>load<u8>(p);
    if (length == 0) return p + 1;
    // One byte behind the label, the root, must still fit.
    if (length > LABEL_BYTES_MAX || p + length + 2 > limit) return NAME_BAD;
    p += length + 1;
  }
  return NAME_MORE;
}

/** Where a bad name broke the grammar: the length byte that nothing allows. */
export function nameFault(p: usize, end: usize): usize {
  const limit = p + NAME_BYTES_MAX;
  while (p < end) {
    const length = <u32>load<u8>(p);
    if (length > LABEL_BYTES_MAX || p + length + 2 > limit) return p;
    p += length + 1;
  }
  return end;
}

/** The same for names that are the same to RFC 4343: letters of any case. */
export function nameHash(p: usize, end: usize): u32 {
  let hash: u32 = 0x811c9dc5;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    const lower = byte - 0x41 < 26 ? byte | 0x20 : byte;
    hash = (hash ^ lower) * 0x01000193;
  }
  return hash ^ (hash >> 15);
}

/** Whether all of [p, end), a name or its beginning, could be typed: what a guess asks for. */
export function isTypable(p: usize, end: usize): bool {
  while (p < end) {
    const stop = min(p + 1 + load<u8>(p), end);
    for (p++; p < stop; p++) {
      const byte = load<u8>(p);
      if (byte < 0x21 || byte > 0x7e) return false;
    }
  }
  return true;
}

/**
 * Writes the name in [p, end) to `out` as people write it, without the trailing dot (RFC 1035 5.1,
 * RFC 4343 2.1): `\.` and `\\` within a label, `\DDD` for what cannot be typed. Returns the length,
 * at most 4 * NAME_BYTES_MAX; 0 for the root.
 */
export function writeName(p: usize, end: usize, out: usize): u32 {
  const begin = out;
  while (p < end) {
    const length = <usize>load<u8>(p++);
    if (length == 0) break;
    if (out != begin) store<u8>(out++, 0x2e);
    for (const stop = p + length; p < stop; p++) out = writeByte(load<u8>(p), out);
  }
  return <u32>(out - begin);
}

function writeByte(byte: u8, out: usize): usize {
  if (byte < 0x21 || byte > 0x7e) {
    store<u8>(out, 0x5c);
    store<u8>(out, 0x30 + byte / 100, 1);
    store<u8>(out, 0x30 + (byte / 10) % 10, 2);
    store<u8>(out, 0x30 + byte % 10, 3);
    return out + 4;
  }
  if (byte == 0x2e || byte == 0x5c) store<u8>(out++, 0x5c);
  store<u8>(out, byte);
  return out + 1;
}
