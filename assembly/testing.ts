/**
 * What only tests call; built from here, with `--use HPACK_KEEP_ALL=1`, and never shipped.
 */
import { INPUT, TEXT, WORK } from "./core/memory";
import { initPool } from "./core/pool";
import { MESSAGE_COUNTER_SIZE, countMessages, skipMessageBytes } from "./grpc/messages";
import { decodeBlock } from "./hpack/decode";
import { initTable, releaseTable } from "./hpack/dynamic-table";
import { wipeFields } from "./hpack/fields";
import { keptBytes, restartKept } from "./hpack/keep-all";

export const INPUT_PTR: usize = INPUT;
export const TEXT_PTR: usize = TEXT;
const TABLE: usize = WORK + 0x3ff00;

/** An empty table. */
export function hpackBegin(): void {
  releaseTable(0, TABLE);
  memory.fill(TABLE, 0, 64);
  initTable(TABLE);
}

/**
 * Decodes the header block of `length` bytes at INPUT_PTR. Returns how many bytes of the list of
 * names and values are at TEXT_PTR (keep-all.ts), -1 when the block is broken.
 */
export function hpackDecode(length: u32): i32 {
  restartKept();
  const whole = decodeBlock(0, TABLE, INPUT, INPUT + length);
  wipeFields();
  return whole ? <i32>keptBytes() : -1;
}

const COUNTER: usize = WORK + 0x3fe00;

/** A new counter of messages. */
export function messagesBegin(): void {
  memory.fill(COUNTER, 0, MESSAGE_COUNTER_SIZE);
}

/** The next `length` bytes of data are at INPUT_PTR; returns how many messages began so far. */
export function messagesIn(length: u32): u32 {
  countMessages(COUNTER, INPUT, INPUT + length);
  return load<u32>(COUNTER);
}

/** `size` bytes of data are missing. */
export function messagesGap(size: u32): void {
  skipMessageBytes(COUNTER, size);
}

initPool();
