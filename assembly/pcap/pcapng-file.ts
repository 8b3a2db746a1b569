/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of blocks, each with its own byte order.
 *
 *   u32 type  u32 total length  body, padded to 4  u32 total length
 *
 * Packets come from enhanced, simple and old packet blocks; section and interface blocks say how
 * to read them; names, statistics, secrets and unknown blocks are passed over and counted. Custom
 * blocks count as packets nobody can read, as tshark counts them.
 */
import {
  COUNT_CAPTURE_BLOCKS_SKIPPED,
  COUNT_PACKETS,
  COUNT_PACKETS_UNDECODED,
  count,
} from "../core/counters";
import { setNow } from "../core/ctx";
import { INPUT_SIZE } from "../core/limits";
import { takePacket } from "../net/packet";
import {
  CAPTURE_BAD_BLOCK,
  CAPTURE_BAD_SECTION,
  fail,
  fileU16,
  fileU32,
  setInterfaceCount,
  setSkipLeft,
  setSkipsPacket,
  setSwapped,
} from "./file-state";
import { NO_INTERFACE, addInterface, interfaceLink, interfaceSnap, timeOf } from "./interfaces";

/** The same in both byte orders. */
export const SECTION_HEADER: u32 = 0x0a0d0d0a;
const BYTE_ORDER: u32 = 0x1a2b3c4d;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NOT_COPIED: u32 = 0x40000bad;

/** Bytes of the longest fixed part of a block, a section's: what a block too long is read of. */
const FIXED_MAX: usize = 28;

/** One block at `offset` of the file; `p` when it is not whole or the output is full. */
export function takeBlock(p: usize, end: usize, offset: u64): usize {
  if (end - p < 12) return p;
  const isSection = load<u32>(p) == SECTION_HEADER;
  if (isSection && !readByteOrder(p)) {
    fail(CAPTURE_BAD_SECTION, offset);
    return end;
  }
  const type = fileU32(p);
  const length = fileU32(p + 4);
  if (length < minLength(type) || (length & 3) != 0) {
    fail(CAPTURE_BAD_BLOCK, offset);
    return end;
  }
  const isLong = length > INPUT_SIZE;
  const needed = isLong ? FIXED_MAX : <usize>length;
  if (p + needed > end) return p;
  // Even of a block too long for INPUT the fixed part counts.
  const bodyEnd = isLong ? p + FIXED_MAX : p + length - 4;
  if (isSection && fileU16(p + 12) != 1) {
    fail(CAPTURE_BAD_SECTION, offset);
    return end;
  }
  if (isSection) setInterfaceCount(0);
  else if (type == INTERFACE) addInterface(p + 8, bodyEnd);
  if (isLong) {
    setSkipLeft(<u64>length - FIXED_MAX);
    setSkipsPacket(isPacket(type));
    return p + FIXED_MAX;
  }
  return takeBody(type, p + 8, bodyEnd) ? p + length : p;
}

/** Sections name their byte order before anything else can be read. */
function readByteOrder(p: usize): bool {
  const magic = load<u32>(p, 8);
  setSwapped(magic != BYTE_ORDER);
  return magic == BYTE_ORDER || bswap<u32>(magic) == BYTE_ORDER;
}

function minLength(type: u32): u32 {
  switch (type) {
    case SECTION_HEADER: return 28;
    case INTERFACE: return 20;
    case OLD_PACKET:
    case ENHANCED_PACKET: return 32;
    case SIMPLE_PACKET:
    case CUSTOM:
    case CUSTOM_NOT_COPIED: return 16;
    default: return 12;
  }
}

function isPacket(type: u32): bool {
  switch (type) {
    case OLD_PACKET:
    case ENHANCED_PACKET:
    case SIMPLE_PACKET:
    case CUSTOM:
    case CUSTOM_NOT_COPIED: return true;
    default: return false;
  }
}

/** False when the output is full. */
function takeBody(type: u32, p: usize, end: usize): bool {
  switch (type) {
    case ENHANCED_PACKET: return takeTimed(fileU32(p), p, end);
    case OLD_PACKET: return takeTimed(fileU16(p), p, end);
    case SIMPLE_PACKET: return takeSimple(p, end);
    case CUSTOM:
    case CUSTOM_NOT_COPIED:
      count(COUNT_PACKETS);
      count(COUNT_PACKETS_UNDECODED);
      return true;
    case SECTION_HEADER:
    case INTERFACE:
      return true;
    default:
      count(COUNT_CAPTURE_BLOCKS_SKIPPED);
      return true;
  }
}

/** u32 interface (old: u16, u16 drops)  u32 time high, low  u32 captured  u32 original  data */
function takeTimed(number: u32, p: usize, end: usize): bool {
  const captured = min(fileU32(p + 12), <u32>(end - p) - 20);
  setNow(timeOf(number, (<u64>fileU32(p + 4) << 32) | fileU32(p + 8)));
  return takePacket(interfaceLink(number), p + 20, captured, fileU32(p + 16));
}

/** u32 original length  data; of the first interface, at the time of the packet before */
function takeSimple(p: usize, end: usize): bool {
  const original = fileU32(p);
  const link = interfaceLink(0);
  const snap = link == NO_INTERFACE ? 0 : interfaceSnap(0);
  let captured = min(original, <u32>(end - p) - 4);
  if (snap != 0) captured = min(captured, snap);
  return takePacket(link, p + 4, captured, original);
}
