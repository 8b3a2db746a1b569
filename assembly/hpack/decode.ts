/**
 * Header blocks, RFC 7541 3 and 6.
 *
 *   indexed            1 index(7+)
 *   literal, inserted  0 1 index(6+)       [ name string ] value string
 *   size update        0 0 1 size(5+)      only before the first field
 *   literal, not       0 0 0 never index(4+) [ name string ] value string
 *   string             huffman length(7+) bytes
 *
 * Lazy: of a literal that is neither inserted nor wanted nothing is decoded, of one that is
 * inserted and not wanted its length. Work and state are O(bytes): a text is taken once a block.
 */
import {
  entryAt,
  entryField,
  entryNameLength,
  entryText,
  entryValue,
  forgetTable,
  insertEntry,
  isOlderUnknown,
  resizeTable,
} from "./dynamic-table";
import {
  SEEN_BROKEN,
  SEEN_UNKNOWN,
  markSeen,
  markUsed,
  readText,
  seen,
  takeField,
} from "./fields";
import { decodeHuffman, huffmanLength } from "./huffman";
import {
  KEEP_ALL,
  keepEntry,
  keepIndexed,
  keepInsertion,
  keepLiteral,
  keepStaticName,
} from "./keep-all";
import { FIELD_OTHER, FIELD_UNKNOWN, fieldOfName, nameLengthOf } from "./names";
import { TEXT_AT, VALUE_AT } from "./places";
import { STATIC_COUNT, staticAt } from "./static-table";
import "./tables";
import { isTextField, valueOf } from "./values";
import { wipe } from "../scan";

/**
 * Decodes the block [p, end) into FIELDS, which were wiped, and into the table. False: it breaks
 * the grammar; fields before the break count, the table is unknown from here on.
 */
export function decodeBlock(conn: usize, table: usize, p: usize, end: usize): bool {
  let begun = false;
  while (p < end) {
    const byte = load<u8>(p);
    if (byte & 0x80) {
      p = atIndexed(table, p, end);
      begun = true;
    } else if ((byte & 0xe0) == 0x20) {
      p = begun ? 0 : atSizeUpdate(conn, table, p, end);
    } else {
      p = atLiteral(conn, table, p, end);
      begun = true;
    }
    if (p == 0) {
      forgetTable(conn, table);
      markSeen(SEEN_BROKEN);
      return false;
    }
  }
  return true;
}

/**
 * 5.1: an integer whose first byte has `mask` for it, at most 32 bits. Returns 2^32 * value +
 * where it ends; 0 when it is larger or the bytes end.
 */
@inline
function integer(p: usize, end: usize, mask: u32): u64 {
  const first = <u32>load<u8>(p) & mask;
  return first < mask ? (<u64>first << 32) | (p + 1) : longInteger(p + 1, end, mask);
}

function longInteger(p: usize, end: usize, mask: u32): u64 {
  let value: u64 = mask;
  for (let shift: u64 = 0; p < end && shift <= 28; shift += 7) {
    const byte = <u64>load<u8>(p++);
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value > 0xffffffff ? 0 : (value << 32) | p;
  }
  return 0;
}

function atSizeUpdate(conn: usize, table: usize, p: usize, end: usize): usize {
  const size = integer(p, end, 0x1f);
  if (size != 0) resizeTable(conn, table, <u32>(size >> 32));
  return <usize>(<u32>size);
}

/** An entry by its index: its field, if it is a wanted one, counts. Returns 0 when it cannot be. */
function atIndexed(table: usize, p: usize, end: usize): usize {
  const read = integer(p, end, 0x7f);
  const index = <u32>(read >> 32);
  if (index == 0) return 0;
  const next = <usize>(<u32>read);
  if (KEEP_ALL) keepIndexed(table, index);
  if (index <= STATIC_COUNT) {
    const entry = staticAt(index);
    const field = <u32>load<u8>(entry, 2);
    if (field == FIELD_OTHER) return next;
    takeField(field, load<u32>(entry, 4), load<u32>(entry, 12), load<u8>(entry, 1));
    return next;
  }
  const entry = entryAt(table, index - STATIC_COUNT - 1);
  if (entry == 0) return notKept(table, next);
  const field = entryField(entry);
  if (field == FIELD_OTHER) return next;
  if (field == FIELD_UNKNOWN) markSeen(SEEN_UNKNOWN);
  else takeEntry(table, entry, field);
  return next;
}

function notKept(table: usize, next: usize): usize {
  if (!isOlderUnknown(table)) return 0;
  markSeen(SEEN_UNKNOWN);
  return next;
}

function takeEntry(table: usize, entry: usize, field: u32): void {
  // A long text is not copied for each of many references.
  if (seen(1 << field)) return;
  const length = isTextField(field) ? entryText(table, entry, TEXT_AT) : 0;
  takeField(field, entryValue(entry), TEXT_AT, length);
  wipe(TEXT_AT, TEXT_AT + length);
}

function atLiteral(conn: usize, table: usize, p: usize, end: usize): usize {
  const inserts = (load<u8>(p) & 0x40) != 0;
  const read = integer(p, end, inserts ? 0x3f : 0x0f);
  if (read == 0) return 0;
  const index = <u32>(read >> 32);
  p = <usize>(<u32>read);
  if (index == 0) return atNamedLiteral(conn, table, p, end, inserts);
  if (index <= STATIC_COUNT) {
    const entry = staticAt(index);
    if (KEEP_ALL) keepStaticName(entry);
    return atValue(conn, table, p, end, inserts, load<u8>(entry, 2), load<u8>(entry));
  }
  const entry = entryAt(table, index - STATIC_COUNT - 1);
  if (entry == 0) {
    p = notKept(table, p);
    return p == 0 ? 0 : atValue(conn, table, p, end, inserts, FIELD_UNKNOWN, 0);
  }
  if (KEEP_ALL) keepEntry(table, index);
  const field = entryField(entry);
  const length = isTextField(field) ? nameLengthOf(field) : entryNameLength(entry);
  return atValue(conn, table, p, end, inserts, field, length);
}

function atNamedLiteral(conn: usize, table: usize, p: usize, end: usize, inserts: bool): usize {
  const read = p < end ? integer(p, end, 0x7f) : 0;
  if (read == 0) return 0;
  const isHuffman = (load<u8>(p) & 0x80) != 0;
  const length = <u32>(read >> 32);
  p = <usize>(<u32>read);
  if (length > <u32>(end - p)) return 0;
  const field = fieldOfName(p, length, isHuffman);
  const nameLength = inserts ? stringLength(p, length, isHuffman) : 0;
  if (nameLength < 0) return 0;
  if (KEEP_ALL) keepLiteral(p, length, isHuffman);
  return atValue(conn, table, p + length, end, inserts, field, <u32>nameLength);
}

/** Length of the text of a string, -1 when its Huffman code is broken. */
@inline
function stringLength(p: usize, length: u32, isHuffman: bool): i32 {
  return isHuffman ? huffmanLength(p, p + length) : <i32>length;
}

function atValue(
  conn: usize,
  table: usize,
  p: usize,
  end: usize,
  inserts: bool,
  field: u32,
  nameLength: u32,
): usize {
  const read = p < end ? integer(p, end, 0x7f) : 0;
  if (read == 0) return 0;
  const isHuffman = (load<u8>(p) & 0x80) != 0;
  const length = <u32>(read >> 32);
  p = <usize>(<u32>read);
  if (length > <u32>(end - p)) return 0;
  const next = p + length;
  if (KEEP_ALL) keepLiteral(p, length, isHuffman);
  if (KEEP_ALL && inserts) keepInsertion(table);
  if (field == FIELD_OTHER && !inserts) return next;
  if (field == FIELD_OTHER || field == FIELD_UNKNOWN) {
    if (field == FIELD_UNKNOWN) markSeen(SEEN_UNKNOWN);
    const valueLength = inserts ? stringLength(p, length, isHuffman) : 0;
    if (valueLength < 0) return 0;
    if (inserts) insertEntry(conn, table, field, nameLength, <u32>valueLength, 0, 0, 0);
    return next;
  }
  return atWantedValue(conn, table, p, next, isHuffman, inserts, field, nameLength);
}

function atWantedValue(
  conn: usize,
  table: usize,
  p: usize,
  next: usize,
  isHuffman: bool,
  inserts: bool,
  field: u32,
  nameLength: u32,
): usize {
  let length = <i32>(next - p);
  if (isHuffman) {
    length = decodeHuffman(p, next, VALUE_AT);
    // Whatever was written before a break is wiped as well.
    markUsed(length < 0 ? <u32>((next - p) * 8 / 5) : <u32>length);
    if (length < 0) return 0;
    p = VALUE_AT;
  }
  const textLength = isTextField(field) ? readText(field, p, <u32>length) : 0;
  const value = valueOf(field, p, <u32>length);
  takeField(field, value, TEXT_AT, textLength);
  if (inserts) {
    insertEntry(conn, table, field, nameLength, <u32>length, value, TEXT_AT, textLength);
  }
  wipe(TEXT_AT, TEXT_AT + textLength);
  return next;
}
