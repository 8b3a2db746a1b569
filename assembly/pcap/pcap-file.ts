/**
 * pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records.
 *
 *   u32 magic  u16 major  u16 minor  u32[2] reserved  u32 snap length  u32 FCS bits | link type
 *   u32 seconds  u32 fraction  u32 captured length  u32 original length  (8 more: modified)  data
 *
 * The magic tells the byte order and the fraction: micro- or nanoseconds.
 */
import { INPUT_SIZE } from "../core/limits";
import { setNow } from "../core/ctx";
import { takePacket } from "../net/packet";
import {
  FORMAT_PCAP,
  fileLink,
  fileU16,
  fileU32,
  fractionNs,
  hasOldLengths,
  recordHead,
  setFileLink,
  setFormat,
  setFractionNs,
  setOldLengths,
  setRecordHead,
  setSkipLeft,
  setSkipsPacket,
  setSwapped,
} from "./file-state";

const MICRO: u32 = 0xa1b2c3d4;
const NANO: u32 = 0xa1b23c4d;
/** A patched libpcap of old Linux distributions: longer record headers. */
const MODIFIED: u32 = 0xa1b2cd34;
const FILE_HEAD: usize = 24;

export function isPcap(p: usize): bool {
  return isMagic(load<u32>(p)) || isMagic(bswap<u32>(load<u32>(p)));
}

function isMagic(magic: u32): bool {
  return magic == MICRO || magic == NANO || magic == MODIFIED;
}

/** The file header; `p` when it is not whole. */
export function beginPcap(p: usize, end: usize): usize {
  if (end - p < FILE_HEAD) return p;
  setSwapped(!isMagic(load<u32>(p)));
  const magic = fileU32(p);
  setFormat(FORMAT_PCAP);
  setFractionNs(magic == NANO ? 1 : 1000);
  setRecordHead(magic == MODIFIED ? 24 : 16);
  setOldLengths(fileU16(p + 4) == 2 && fileU16(p + 6) <= 3);
  setFileLink(fileU32(p + 20) & 0xffff);
  return p + FILE_HEAD;
}

/** One record; `p` when it is not whole or the output is full. */
export function takeRecord(p: usize, end: usize): usize {
  const head = recordHead();
  if (end - p < head) return p;
  let captured = fileU32(p + 8);
  let original = fileU32(p + 12);
  if (hasOldLengths() && captured > original) {
    const swapped = captured;
    captured = original;
    original = swapped;
  }
  if (captured > INPUT_SIZE - head) {
    setSkipLeft(captured);
    setSkipsPacket(true);
    return p + head;
  }
  const after = p + head + captured;
  if (after > end) return p;
  setNow(<u64>fileU32(p) * 1_000_000_000 + <u64>fileU32(p + 4) * fractionNs());
  return takePacket(fileLink(), p + head, captured, original) ? after : p;
}
