/**
 * A capture file, streamed through INPUT: pcap and pcapng, told by their first bytes. Constant
 * memory: a record is taken when it is whole; one larger than INPUT is passed over and counted.
 *
 * The host puts bytes at the start of INPUT and calls `captureFeed`, reads the rows, moves what
 * was not consumed to the front, appends more of the file, and calls again. Consumed bytes are
 * zeroed: headers, comments, decryption secrets and all that no protocol let live.
 */
import { endConnection, oldestConnection } from "../core/conn";
import { CONN_TRANSPORT } from "../core/conn-layout";
import { COUNT_PACKETS, COUNT_PACKETS_UNDECODED, count } from "../core/counters";
import { CTX_CAPTURE, MODE_FULL, mode } from "../core/ctx";
import { INPUT_SIZE } from "../core/limits";
import { CTX, INPUT } from "../core/memory";
import { hasRoom } from "../core/out";
import { CAPTURE_TABLE, CAPTURE_TABLE_SIZE } from "../core/tables";
import { forgetFragments } from "../net/fragments";
import { IP_TCP } from "../net/layers";
import { closeTcp } from "../net/tcp-close";
import { wipe } from "../scan";
import {
  CAPTURE_OK,
  CAPTURE_TRUNCATED,
  CAPTURE_UNKNOWN_FORMAT,
  FORMAT_PCAP,
  FORMAT_PCAPNG,
  FORMAT_UNKNOWN,
  captureErrorCode,
  errorOffset,
  fail,
  fileOffset,
  format,
  setFileOffset,
  setFormat,
  setSkipLeft,
  skipLeft,
  skipsPacket,
} from "./file-state";
import { beginPcap, isPcap, takeRecord } from "./pcap-file";
import { SECTION_HEADER, takeBlock } from "./pcapng-file";

const CTX_CAPTURE_SIZE: usize = 1024;

/** A new file. SAFETY: after `captureFinish` or a reset, so that no block of the pool is lost. */
export function captureBegin(): void {
  memory.fill(CTX + CTX_CAPTURE, 0, CTX_CAPTURE_SIZE);
  memory.fill(CAPTURE_TABLE, 0, CAPTURE_TABLE_SIZE);
}

/**
 * Takes whole records from the `length` bytes in INPUT. Returns how many bytes were consumed:
 * fewer than `length` when the output is full, or when a record needs more bytes than are there.
 * With `isLast` nothing follows them: all are consumed as soon as the output has room. After an
 * error (`captureError`) whatever is handed over is consumed unread.
 */
export function captureFeed(length: u32, isLast: bool): u32 {
  const end = INPUT + min(length, INPUT_SIZE);
  let p = INPUT;
  // Every record has at least 8 bytes.
  while (p < end && hasRoom()) {
    const after = takeNext(p, end);
    if (after == p) break;
    p = after;
  }
  // What is left with room for its rows is no whole record.
  if (isLast && hasRoom()) {
    if (p < end || skipLeft() != 0) fail(CAPTURE_TRUNCATED, offsetOf(p));
    else if (format() == FORMAT_UNKNOWN) fail(CAPTURE_UNKNOWN_FORMAT, 0);
    p = end;
  }
  if (mode() != MODE_FULL) wipe(INPUT, p);
  setFileOffset(offsetOf(p));
  return <u32>(p - INPUT);
}

@inline
function offsetOf(p: usize): u64 {
  return fileOffset() + (p - INPUT);
}

/** One record or a part of a long one; `p` when nothing could be taken. */
function takeNext(p: usize, end: usize): usize {
  if (captureErrorCode() != CAPTURE_OK) return end;
  if (skipLeft() != 0) return passOver(p, end);
  switch (format()) {
    case FORMAT_PCAP: return takeRecord(p, end);
    case FORMAT_PCAPNG: return takeBlock(p, end, offsetOf(p));
    default: return recognise(p, end);
  }
}

function recognise(p: usize, end: usize): usize {
  if (end - p < 4) return p;
  if (load<u32>(p) == SECTION_HEADER) {
    setFormat(FORMAT_PCAPNG);
    return takeBlock(p, end, 0);
  }
  if (isPcap(p)) return beginPcap(p, end);
  fail(CAPTURE_UNKNOWN_FORMAT, 0);
  return end;
}

function passOver(p: usize, end: usize): usize {
  const part = min<u64>(skipLeft(), end - p);
  setSkipLeft(skipLeft() - part);
  if (skipLeft() == 0 && skipsPacket()) {
    count(COUNT_PACKETS);
    count(COUNT_PACKETS_UNDECODED);
  }
  return p + <usize>part;
}

/** CAPTURE_*: why reading stopped, CAPTURE_OK while it goes on. */
export function captureError(): u32 {
  return captureErrorCode();
}

/** Offset in the file (uncompressed) of what `captureError` tells. */
export function captureErrorOffset(): u64 {
  return errorOffset();
}

/**
 * Nothing follows: what TCP had queued is delivered with gaps, and every connection ends. False
 * when the output is full and it must be called again.
 */
export function captureFinish(): bool {
  for (let conn = oldestConnection(); conn != 0; conn = oldestConnection()) {
    if (!hasRoom()) return false;
    if (load<u8>(conn, CONN_TRANSPORT) == IP_TCP && !closeTcp(conn, 0)) return false;
    endConnection(conn, 0);
  }
  forgetFragments();
  return true;
}
