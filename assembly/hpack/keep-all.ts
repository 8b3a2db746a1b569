/**
 * Only in a test build (`--use HPACK_KEEP_ALL=1`): writes every name and value down, so that whole
 * header lists can be compared. In the module that ships KEEP_ALL is false and nothing of this is
 * compiled in.
 *
 * The output in TEXT is a list of strings, each { u32 length, bytes }. What was inserted is logged
 * in INPUT under the number of the insertion, 512 KiB of texts; that it is still in the table is
 * what the table itself says.
 */
import { INPUT, TEXT, WORK } from "../core/memory";
import { entryAt, insertions } from "./dynamic-table";
import { decodeHuffman } from "./huffman";
import { STATIC_COUNT, staticAt } from "./static-table";

export const KEEP_ALL: bool = isDefined(HPACK_KEEP_ALL);

const LOG: usize = INPUT + 0x40000;
const LOG_MASK: u32 = 4095;
const LOG_TEXTS: usize = LOG + 0x10000;
const LOG_TEXTS_SIZE: u32 = 0x80000;
/** { u32 output used, u32 log texts used, u32 last string but one, u32 last string } */
const STATE: usize = WORK + 0x3ffc0;

export function keptBytes(): u32 {
  return load<u32>(STATE);
}

export function restartKept(): void {
  store<u32>(STATE, 0);
}

function put(p: usize, length: u32): void {
  const out = TEXT + load<u32>(STATE);
  memory.copy(out + 4, p, length);
  written(out, length);
}

function written(out: usize, length: u32): void {
  store<u32>(out, length);
  store<u32>(STATE, <u32>(out - TEXT) + 4 + length);
  store<u32>(STATE, load<u32>(STATE, 12), 8);
  store<u32>(STATE, <u32>out, 12);
}

function logAt(number: u32): usize {
  return LOG + <usize>(number & LOG_MASK) * 16;
}

/** Name and value of an entry. */
export function keepIndexed(table: usize, index: u32): void {
  keepName(table, index);
  if (index <= STATIC_COUNT) put(load<u32>(staticAt(index), 12), load<u8>(staticAt(index), 1));
  else if (entryAt(table, index - STATIC_COUNT - 1) != 0) {
    const entry = logAt(insertions(table) - (index - STATIC_COUNT));
    put(load<u32>(entry, 8), load<u32>(entry, 12));
  }
}

function keepName(table: usize, index: u32): void {
  if (index <= STATIC_COUNT) keepStaticName(staticAt(index));
  else keepEntry(table, index);
}

export function keepStaticName(entry: usize): void {
  put(load<u32>(entry, 8), load<u8>(entry));
}

export function keepEntry(table: usize, index: u32): void {
  if (entryAt(table, index - STATIC_COUNT - 1) == 0) return;
  const entry = logAt(insertions(table) - (index - STATIC_COUNT));
  put(load<u32>(entry), load<u32>(entry, 4));
}

/** A string of a literal. */
export function keepLiteral(p: usize, length: u32, isHuffman: bool): void {
  if (!isHuffman) return put(p, length);
  const out = TEXT + load<u32>(STATE);
  written(out, max(decodeHuffman(p, p + length, out + 4), 0));
}

/** The two strings written last are the next insertion. */
export function keepInsertion(table: usize): void {
  const entry = logAt(insertions(table));
  logText(entry, load<u32>(STATE, 8));
  logText(entry + 8, load<u32>(STATE, 12));
}

function logText(entry: usize, text: usize): void {
  const length = load<u32>(text);
  let used = load<u32>(STATE, 4);
  if (used + length > LOG_TEXTS_SIZE) used = 0;
  memory.copy(LOG_TEXTS + used, text + 4, length);
  store<u32>(entry, <u32>(LOG_TEXTS + used));
  store<u32>(entry, length, 4);
  store<u32>(STATE, used + length, 4);
}
