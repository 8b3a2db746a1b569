/**
 * IEEE 802.11 data frames that are neither encrypted, fragments nor aggregates (A-MSDU), and the
 * radiotap head before them (radiotap.org).
 */
import { llc } from "./ethernet";
import { END_OTHER, at, be32, left, skip } from "./layers";

/** Bits of the second byte of the frame control. */
const TO_AND_FROM: u8 = 0x03;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/** QoS control: the body is an aggregate. */
const AGGREGATE: u8 = 0x80;

/** AA AA 03 and the first byte of the organisation. */
const SNAP: u32 = 0xaaaa0300;

/** `padTo` 4: the head is padded, 0: it is not. */
export function wlan(padTo: u32): i32 {
  if (left() < 24) return END_OTHER;
  const control = load<u8>(at());
  const flags = load<u8>(at(), 1);
  // Type 2 is data; of its subtypes 4 and 12 have none.
  if (((control >> 2) & 3) != 2 || control & 0x40) return END_OTHER;
  if (flags & MORE_FRAGMENTS || (load<u8>(at(), 22) & 0x0f) != 0) return END_OTHER;
  let size: u32 = (flags & TO_AND_FROM) == TO_AND_FROM ? 30 : 24;
  if (control & 0x80) {
    if (left() <= size || load<u8>(at() + size) & AGGREGATE) return END_OTHER;
    size += flags & ORDER ? 6 : 2;
  }
  if (padTo != 0) size = (size + 3) & ~3;
  if (!skip(size)) return END_OTHER;
  return flags & PROTECTED ? decrypted() : llc();
}

/** Some drivers decrypt, and leave the flag and even the cipher's head, of 4 or 8 bytes. */
function decrypted(): i32 {
  for (let turn = 0; turn < 3; turn++) {
    if (left() >= 8 && be32(at()) == SNAP) return llc();
    if (!skip(4)) break;
  }
  return END_OTHER;
}

/** u8 version  u8 pad  u16 length  u32 present, more while bit 31; little endian. */
export function radiotap(): i32 {
  if (left() < 8) return END_OTHER;
  const size = <u32>load<u16>(at(), 2);
  if (size < 8 || left() < size) return END_OTHER;
  const present = load<u32>(at(), 4);
  let offset: u32 = 8;
  while (offset + 4 <= size && load<u32>(at() + offset - 4) >> 31) offset += 4;
  // Bit 0: a time of 8 bytes, aligned; bit 1: flags, of which 0x20 says that heads are padded.
  if (present & 1) offset = ((offset + 7) & ~7) + 8;
  const isPadded = present & 2 && offset < size && load<u8>(at() + offset) & 0x20;
  skip(size);
  return wlan(isPadded ? 4 : 0);
}
