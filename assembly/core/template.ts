/**
 * l7_resource `template`: what looks like an identifier becomes `{id}`. In a path a segment,
 * in a DNS name a label; in topics and gRPC methods, which are names in code, nothing.
 *
 * An identifier has a digit, and no letter beyond hex digits or 20 characters or more: numbers,
 * UUIDs, hashes, tokens.
 */
import { PROTO_DNS, PROTO_GRPC, PROTO_KAFKA } from "./conn-layout";

const LONG: usize = 20;

/** Room the result may need, as a multiple of the text: each `7/` becomes `{id}/`. */
export const TEMPLATE_GROWTH: u32 = 3;

/**
 * Writes the template of [p, p + length) to `out`; returns its length, at most TEMPLATE_GROWTH
 * times the old one and 4. SAFETY: `out` lies TEMPLATE_GROWTH * length or more before `p`, so
 * what is written never reaches what is still to be read.
 */
export function writeTemplate(out: usize, p: usize, length: u32, protocol: u8): u32 {
  const begin = out;
  const end = p + length;
  if (protocol == PROTO_KAFKA || protocol == PROTO_GRPC) return copySegment(out, p, end);
  const separator: u8 = protocol == PROTO_DNS ? 0x2e : 0x2f;
  while (p < end) {
    let stop = p;
    while (stop < end && load<u8>(stop) != separator) stop++;
    if (isIdentifier(p, stop)) {
      store<u32>(out, 0x7d64697b); // {id}
      out += 4;
    } else {
      out += copySegment(out, p, stop);
    }
    if (stop < end) store<u8>(out++, separator);
    p = stop + 1;
  }
  return <u32>(out - begin);
}

function isIdentifier(p: usize, end: usize): bool {
  const isLong = end - p >= LONG;
  let digits = 0;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) digits++;
    else if (!isLong && (lower < 0x61 || lower > 0x66) && byte != 0x2d) return false;
  }
  return digits > 0;
}

function copySegment(out: usize, p: usize, end: usize): u32 {
  memory.copy(out, p, end - p);
  return <u32>(end - p);
}
