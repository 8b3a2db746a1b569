/**
 * The message definitions as a table (schema.gen.ts), and how to read it.
 *
 * A message is a list of rows, one for each field in the order of the wire. A row is there in the
 * versions `from`..`to`. Kinds, and what follows on the wire:
 *
 *   END          ends a message or structure; when flexible, tagged fields: count, then for each
 *                tag, size, bytes. `extra`: the tag of an error code
 *   END_PLAIN    ends the element of an array of strings
 *   FIXED        `argument` bytes
 *   STRING       length, bytes       int16, or when flexible an unsigned varint of length + 1
 *   STRING16     length, bytes       always int16
 *   BYTES        length, bytes       int32, or when flexible an unsigned varint of length + 1
 *   ERROR        int16, an error code
 *   ACKS         int16, 0: the client wants no response
 *   TOPIC        a string that names a topic
 *   TOPIC_LEARN  the same, and its id follows as ID_LEARN
 *   TOPIC_ID     16 bytes, the topic to look up; all zero: none
 *   ID_KEEP      16 bytes, beside a name
 *   ID_LEARN     16 bytes, the id of the TOPIC_LEARN before
 *   ARRAY        count, elements; `argument`: the rows of an element. The count is an int32, or
 *                when flexible an unsigned varint of count + 1
 *   ARRAY_FIXED  the same with elements of `argument` bytes
 *   STRUCT       `argument`: its rows. From version `extra` on it may be null: int8, -1 or 1 first
 *
 * A length or count of -1 (varint 0) is null.
 */
import { API_COUNT, API_NAMES, APIS, ROWS } from "./schema.gen";

export const END: u8 = 0;
export const END_PLAIN: u8 = 1;
export const FIXED: u8 = 2;
export const STRING: u8 = 3;
export const STRING16: u8 = 4;
export const BYTES: u8 = 5;
export const ERROR: u8 = 6;
export const ACKS: u8 = 7;
export const TOPIC: u8 = 8;
export const TOPIC_LEARN: u8 = 9;
export const TOPIC_ID: u8 = 10;
export const ID_KEEP: u8 = 11;
export const ID_LEARN: u8 = 12;
export const ARRAY: u8 = 13;
export const ARRAY_FIXED: u8 = 14;
export const STRUCT: u8 = 15;

/** In `extra`: none. */
export const NONE: u8 = 255;

/** API keys that mean something beyond their fields. */
export const KEY_CONTROLLED_SHUTDOWN: u32 = 7;
export const KEY_SASL_HANDSHAKE: u32 = 17;
export const KEY_API_VERSIONS: u32 = 18;

@inline export function rowAt(index: u32): usize { return ROWS + <usize>index * 6; }
@inline export function kindOf(row: usize): u8 { return load<u8>(row); }
@inline export function argumentOf(row: usize): u32 { return load<u16>(row, 3); }
@inline export function extraOf(row: usize): u8 { return load<u8>(row, 5); }

@inline
export function isIn(row: usize, version: u32): bool {
  return version >= <u32>load<u8>(row, 1) && version <= <u32>load<u8>(row, 2);
}

@inline
function api(key: u32): usize {
  return APIS + <usize>key * 10;
}

/** Whether the fields of this version are known. */
export function isKnown(key: u32, version: u32): bool {
  return key < API_COUNT && version <= <u32>load<u8>(api(key), 1);
}

/** Whether its messages have tagged fields and compact lengths. */
export function isFlexible(key: u32, version: u32): bool {
  return version >= <u32>load<u8>(api(key));
}

export function requestRow(key: u32): u32 {
  return load<u16>(api(key), 2);
}

export function responseRow(key: u32): u32 {
  return load<u16>(api(key), 4);
}

/** Write the name of the API at `out`, 16 bytes at least; returns its length. Unknown: API<n>. */
export function writeName(key: u32, out: usize): u32 {
  if (key >= API_COUNT) return writeUnknownName(key, out);
  const name = changetype<usize>(API_NAMES) + <usize>load<u16>(api(key), 6) * 2;
  const length = <u32>load<u8>(api(key), 8);
  for (let at: usize = 0; at < <usize>length; at++) store<u8>(out + at, load<u8>(name + at * 2));
  return length;
}

function writeUnknownName(key: u32, out: usize): u32 {
  store<u16>(out, 0x5041); // AP
  store<u8>(out, 0x49, 2); // I
  let digits: u32 = 1;
  for (let power = key; power >= 10; power /= 10) digits++;
  for (let place = digits; place > 0; place--, key /= 10) {
    store<u8>(out + 2 + place, <u8>(0x30 + key % 10));
  }
  return 3 + digits;
}
