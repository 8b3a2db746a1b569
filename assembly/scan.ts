/**
 * Runs of bytes of one kind, 16 at a time, and the wiping of a range. Every `*End` returns the
 * first position in [p, end] that is not of the kind.
 *
 * SAFETY: a load may pass `end` by 15 bytes. Payloads lie in staging and words in slots, both
 * followed by other memory of this module; what lies past `end` never changes a result.
 */

/** Columns (low nibble) of the token characters of RFC 9110 5.6.2; a bit is a row from 0x20. */
// prettier-ignore
const TOKEN_COLUMNS = i8x16(0x3a, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                            0x3e, 0x3e, 0x3d, 0x15, 0x34, 0x15, 0x3d, 0x1c);
/** The bit of each row (high nibble). */
const TOKEN_ROWS = i8x16(0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0);

/** token = 1*tchar, RFC 9110 5.6.2 */
export function tokenEnd(p: usize, end: usize): usize {
  for (; p < end; p += 16) {
    const bytes = v128.load(p);
    const columns = i8x16.swizzle(TOKEN_COLUMNS, v128.and(bytes, i8x16.splat(0x0f)));
    const rows = i8x16.swizzle(TOKEN_ROWS, i8x16.shr_u(bytes, 4));
    const stops = i8x16.eq(v128.and(columns, rows), i8x16.splat(0));
    if (v128.any_true(stops)) return firstStop(stops, p, end);
  }
  return end;
}

/** Bytes of a field value or reason phrase: HTAB, SP, VCHAR, obs-text; RFC 9110 5.5. */
export function valueEnd(p: usize, end: usize): usize {
  for (; p < end; p += 16) {
    const bytes = v128.load(p);
    const controls = v128.and(
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
      i8x16.ne(bytes, i8x16.splat(0x09)),
    );
    const stops = v128.or(controls, i8x16.eq(bytes, i8x16.splat(0x7f)));
    if (v128.any_true(stops)) return firstStop(stops, p, end);
  }
  return end;
}

/** VCHAR (0x21..0x7e) other than three delimiters; 0 where there is none. */
@inline
export function visibleEnd(p: usize, end: usize, a: u8, b: u8, c: u8): usize {
  for (; p < end; p += 16) {
    const bytes = v128.load(p);
    // 0x21..0x7e become 0..0x5d, everything else is above.
    const shifted = i8x16.sub(bytes, i8x16.splat(0x21));
    let stops = i8x16.gt_u(shifted, i8x16.splat(0x5d));
    stops = v128.or(stops, i8x16.eq(bytes, i8x16.splat(a)));
    stops = v128.or(stops, i8x16.eq(bytes, i8x16.splat(b)));
    stops = v128.or(stops, i8x16.eq(bytes, i8x16.splat(c)));
    if (v128.any_true(stops)) return firstStop(stops, p, end);
  }
  return end;
}

@inline
function firstStop(stops: v128, p: usize, end: usize): usize {
  return min(p + <usize>ctz(i8x16.bitmask(stops)), end);
}

/** Zero [p, end). A call of memory.fill costs more than stores below 128 bytes. */
export function wipe(p: usize, end: usize): void {
  const size = end - p;
  if (size >= 128) {
    memory.fill(p, 0, size);
  } else if (size >= 16) {
    for (let at = p; at < end - 16; at += 16) v128.store(at, i8x16.splat(0));
    v128.store(end - 16, i8x16.splat(0));
  } else if (size >= 8) {
    store<u64>(p, 0);
    store<u64>(end - 8, 0);
  } else {
    for (; p < end; p++) store<u8>(p, 0);
  }
}
