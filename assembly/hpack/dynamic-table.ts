/**
 * The dynamic table, RFC 7541 2.3.2 and 4. Of an entry it keeps the sizes, and what the value of a
 * wanted field means; a name or value off the closed list is kept nowhere.
 *
 *    0  u32  maximum size   4  u32 size   8  u32 TABLE_FLAG_*
 *   12  ring of entries, 8 bytes each:
 *         u16  length of the name, of a text field that of its text
 *         u16  length of the value
 *         u32  FIELD_* and behind 8 bits its meaning: valueOf, or the position of its text
 *   36  ring of texts
 *
 * At most TABLE_BYTES_MAX (2048 entries), the default of browsers and the largest seen in use.
 * Where an encoder has a larger table, its oldest entries are unknown. So are those of the time
 * before a connection was joined: an index counts from the newest entry, so entries seen since are
 * found all the same, and evicting late maps nothing wrong: an encoder refers to what it has.
 */
import { FIELD_UNKNOWN, nameLengthOf } from "./names";
import {
  RING_SIZE,
  ringAt,
  ringBegin,
  ringDrop,
  ringEnd,
  ringGrow,
  ringRead,
  ringRelease,
  ringWrite,
} from "./ring";
import { isTextField } from "./values";

export const TABLE_STRUCT_SIZE: usize = 64;
const MAX: usize = 0;
const SIZE: usize = 4;
const FLAGS: usize = 8;
const ENTRIES: usize = 12;
const TEXTS: usize = ENTRIES + RING_SIZE;

/** There are older entries than those kept, or there may be. */
const OLDER_UNKNOWN: u32 = 1;

export const TABLE_BYTES_MAX: u32 = 65536;
/** SETTINGS_HEADER_TABLE_SIZE before anybody says otherwise. */
const TABLE_BYTES_DEFAULT: u32 = 4096;
const ENTRY: u32 = 8;
const ENTRY_OVERHEAD: u32 = 32;

/** An empty table as a connection begins with it. */
export function initTable(table: usize): void {
  store<u32>(table, TABLE_BYTES_DEFAULT, MAX);
}

/** What it has is unknown from now on. */
export function forgetTable(conn: usize, table: usize): void {
  releaseTable(conn, table);
  store<u32>(table, TABLE_BYTES_MAX, MAX);
  store<u32>(table, OLDER_UNKNOWN, FLAGS);
}

export function releaseTable(conn: usize, table: usize): void {
  ringRelease(conn, table + ENTRIES);
  ringRelease(conn, table + TEXTS);
  store<u32>(table, 0, SIZE);
}

@inline
export function isOlderUnknown(table: usize): bool {
  return load<u32>(table, FLAGS) == OLDER_UNKNOWN;
}

@inline
function countOf(table: usize): u32 {
  return (ringEnd(table + ENTRIES) - ringBegin(table + ENTRIES)) / ENTRY;
}

/** Entries ever inserted, modulo 2^29. */
@inline
export function insertions(table: usize): u32 {
  return ringEnd(table + ENTRIES) / ENTRY;
}

/** The entry, 0 being the newest; 0 when there is none that is known. */
@inline
export function entryAt(table: usize, index: u32): usize {
  if (index >= countOf(table)) return 0;
  return ringAt(table + ENTRIES, ringEnd(table + ENTRIES) - ENTRY * (index + 1));
}

@inline
export function entryField(entry: usize): u32 {
  return load<u8>(entry, 4);
}

/** Of fields that are not wanted: those have their length from their name. */
@inline
export function entryNameLength(entry: usize): u32 {
  return load<u16>(entry);
}

@inline
export function entryValue(entry: usize): u32 {
  return load<u32>(entry, 4) >> 8;
}

/** Copies the text of a text field to `out`; returns its length. */
export function entryText(table: usize, entry: usize, out: usize): u32 {
  const texts = table + TEXTS;
  const length = <u32>load<u16>(entry);
  // A window is shorter than 24 bits of position tell apart.
  const begin = ringBegin(texts);
  ringRead(texts, begin + ((entryValue(entry) - begin) & 0xffffff), out, length);
  return length;
}

/** 4.3: entries go until it fits. The maximum of the protocol is the receiver's affair. */
export function resizeTable(conn: usize, table: usize, bytes: u32): void {
  if (bytes > TABLE_BYTES_MAX) store<u32>(table, OLDER_UNKNOWN, FLAGS);
  store<u32>(table, min(bytes, TABLE_BYTES_MAX), MAX);
  evict(conn, table, 0);
}

/** Evicts until `size` more bytes fit; false when they do not fit an empty table. */
function evict(conn: usize, table: usize, size: u32): bool {
  const room = load<u32>(table, MAX);
  const kept: u32 = size > room ? 0 : room - size;
  while (load<u32>(table, SIZE) > kept) {
    const entry = ringAt(table + ENTRIES, ringBegin(table + ENTRIES));
    const field = entryField(entry);
    if (isTextField(field)) ringDrop(conn, table + TEXTS, load<u16>(entry));
    store<u32>(table, load<u32>(table, SIZE) - sizeOf(entry, field), SIZE);
    ringDrop(conn, table + ENTRIES, ENTRY);
  }
  return size <= room;
}

function sizeOf(entry: usize, field: u32): u32 {
  const name = isTextField(field) ? nameLengthOf(field) : entryNameLength(entry);
  return name + <u32>load<u16>(entry, 2) + ENTRY_OVERHEAD;
}

/**
 * 4.4: adds the newest entry. `value` is what the value means; of a text field [text, text +
 * textLength) is its text. One that is larger than the table empties it; where no block is left all
 * that is older becomes unknown.
 */
export function insertEntry(
  conn: usize,
  table: usize,
  field: u32,
  nameLength: u32,
  valueLength: u32,
  value: u32,
  text: usize,
  textLength: u32,
): void {
  const size = nameLength + valueLength + ENTRY_OVERHEAD;
  if (!evict(conn, table, size)) return;
  let first = nameLength;
  if (isTextField(field)) {
    const position = ringEnd(table + TEXTS);
    if (ringGrow(conn, table + TEXTS, textLength)) {
      ringWrite(table + TEXTS, position, text, textLength);
      value = position;
      first = textLength;
    } else {
      field = FIELD_UNKNOWN;
    }
  }
  const position = ringEnd(table + ENTRIES);
  if (!ringGrow(conn, table + ENTRIES, ENTRY)) {
    forgetTable(conn, table);
    return;
  }
  const entry = ringAt(table + ENTRIES, position);
  store<u16>(entry, <u16>first);
  store<u16>(entry, <u16>valueLength, 2);
  store<u32>(entry, (value << 8) | field, 4);
  store<u32>(table, load<u32>(table, SIZE) + size, SIZE);
}
