/**
 * Fields that a chunk's end may cut: taken from the bytes at hand, or gathered in the scratch of
 * the direction. The value is in `value()`; numbers are big-endian.
 *
 * Each returns the position behind the field, or 0 when [p, end) ended before it: then all of it
 * was taken, and the next call with more bytes goes on.
 */
import { HAVE, SCRATCH, setValue, value } from "./state";

/** Value of a length or count that is none. */
export const BAD: i32 = -2;

/** `size` bytes, at most 4, into the scratch. */
function gather(d: usize, p: usize, end: usize, size: u32): usize {
  const have = <u32>load<u8>(d, HAVE);
  const part = min(size - have, <u32>(end - p));
  for (let i: usize = 0; i < <usize>part; i++) store<u8>(d + SCRATCH + have + i, load<u8>(p + i));
  if (have + part < size) {
    store<u8>(d, <u8>(have + part), HAVE);
    return 0;
  }
  store<u8>(d, 0, HAVE);
  return p + part;
}

export function takeInt8(p: usize, end: usize): usize {
  if (p >= end) return 0;
  setValue(load<i8>(p));
  return p + 1;
}

export function takeInt16(d: usize, p: usize, end: usize): usize {
  if (load<u8>(d, HAVE) == 0 && end - p >= 2) {
    setValue(<i16>bswap(load<u16>(p)));
    return p + 2;
  }
  p = gather(d, p, end, 2);
  if (p != 0) setValue(<i16>bswap(load<u16>(d, SCRATCH)));
  return p;
}

export function takeInt32(d: usize, p: usize, end: usize): usize {
  if (load<u8>(d, HAVE) == 0 && end - p >= 4) {
    setValue(<i32>bswap(load<u32>(p)));
    return p + 4;
  }
  p = gather(d, p, end, 4);
  if (p != 0) setValue(<i32>bswap(load<u32>(d, SCRATCH)));
  return p;
}

/** An unsigned varint of at most 31 bits, least significant group first; BAD when it is more. */
export function takeVarint(d: usize, p: usize, end: usize): usize {
  let have = <u32>load<u8>(d, HAVE);
  // The groups so far are kept as the number they are.
  let number: u32 = have == 0 ? 0 : load<u32>(d, SCRATCH);
  while (p < end) {
    const byte = <u32>load<u8>(p++);
    if (have == 4 && byte > 7) {
      store<u8>(d, 0, HAVE);
      setValue(BAD);
      return p;
    }
    number |= (byte & 0x7f) << (7 * have);
    have++;
    if (byte < 0x80) {
      store<u8>(d, 0, HAVE);
      setValue(<i32>number);
      return p;
    }
  }
  store<u8>(d, <u8>have, HAVE);
  store<u32>(d, number, SCRATCH);
  return 0;
}

/** A length or count: a varint of it + 1, an int16 or an int32; -1 is null, less is BAD. */
export function takeLength(d: usize, p: usize, end: usize, width: u32): usize {
  if (width == 0) {
    p = takeVarint(d, p, end);
    if (p != 0) onVarint();
    return p;
  }
  return width == 2 ? takeInt16(d, p, end) : takeInt32(d, p, end);
}



function onVarint(): void {
  if (value() != BAD) setValue(value() - 1);
}
