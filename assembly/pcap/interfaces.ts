/**
 * The interfaces of a pcapng section, INTERFACE_COUNT at most; packets of others are not decoded.
 *
 *    0  u16  link type      2  u8  time resolution, as in the file      4  u32  snap length
 *    8  i64  seconds to add to each time
 */
import { now } from "../core/ctx";
import { CAPTURE_TABLE } from "../core/tables";
import { fileU16, fileU32, interfaceCount, isSwapped, setInterfaceCount } from "./file-state";

const INTERFACE_COUNT: u32 = 1024;
const INTERFACE_SIZE: usize = 16;
export const INTERFACES_SIZE: usize = <usize>INTERFACE_COUNT * INTERFACE_SIZE;

/** The link type of an interface that was not described. */
export const NO_INTERFACE: u32 = 0xffff;

const OPTION_END: u32 = 0;
const OPTION_RESOLUTION: u32 = 9;
const OPTION_OFFSET: u32 = 14;
const NS: u64 = 1_000_000_000;

@inline
function interfaceAt(number: u32): usize {
  return CAPTURE_TABLE + <usize>number * INTERFACE_SIZE;
}

@inline
function isKnown(number: u32): bool {
  return number < interfaceCount() && number < INTERFACE_COUNT;
}

/** u16 link type  u16 reserved  u32 snap length  options: u16 code, length; value, padded to 4 */
export function addInterface(p: usize, end: usize): void {
  const number = interfaceCount();
  setInterfaceCount(number + 1);
  if (number >= INTERFACE_COUNT) return;
  const entry = interfaceAt(number);
  store<u16>(entry, <u16>fileU16(p));
  store<u8>(entry, 6, 2);
  store<u32>(entry, fileU32(p + 4), 4);
  store<i64>(entry, 0, 8);
  p += 8;
  while (end - p >= 4 && end > p) {
    const code = fileU16(p);
    const length = fileU16(p + 2);
    p += 4;
    if (code == OPTION_END || <usize>length > end - p) return;
    if (code == OPTION_RESOLUTION && length >= 1) store<u8>(entry, load<u8>(p), 2);
    if (code == OPTION_OFFSET && length >= 8) store<i64>(entry, fileI64(p), 8);
    p += (length + 3) & ~3;
  }
}

function fileI64(p: usize): i64 {
  const value = load<u64>(p);
  return <i64>(isSwapped() ? bswap<u64>(value) : value);
}

export function interfaceLink(number: u32): u32 {
  return isKnown(number) ? load<u16>(interfaceAt(number)) : NO_INTERFACE;
}

/** Bytes kept of a packet at most, 0 for all. SAFETY: the interface is known. */
export function interfaceSnap(number: u32): u32 {
  return load<u32>(interfaceAt(number), 4);
}

/** Unix nanoseconds; hostile values wrap. */
export function timeOf(number: u32, units: u64): u64 {
  if (!isKnown(number)) return now();
  const entry = interfaceAt(number);
  const resolution = <u32>load<u8>(entry, 2);
  const offset = <u64>load<i64>(entry, 8) * NS;
  if (resolution & 0x80) return fromBinary(units, resolution & 0x7f) + offset;
  return fromDecimal(units, resolution) + offset;
}

/** Units of 10^-digits s; digits <= 127, steps of one digit. */
function fromDecimal(units: u64, digits: u32): u64 {
  for (; digits < 9; digits++) units *= 10;
  for (; digits > 9 && units != 0; digits--) units /= 10;
  return units;
}

/** Units of 2^-bits s. */
function fromBinary(units: u64, bits: u32): u64 {
  if (bits > 63) return 0;
  let fraction = units & ((<u64>1 << bits) - 1);
  const seconds = units >> bits;
  // Nanoseconds have 30 bits: a fraction of 32 is enough, and the product fits.
  if (bits > 32) {
    fraction >>= bits - 32;
    bits = 32;
  }
  return seconds * NS + ((fraction * NS) >> bits);
}
