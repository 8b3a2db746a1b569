/**
 * What the block decoded last said, in FIELDS; the first of each field counts.
 *
 *    0  u32  SEEN_*   4 u32 method number   8 u32 status   12 u32 gRPC status
 *   16  u32  TYPE_* of the media type       20 u32 length of the path at PATH_AT
 *   24  u32  bytes of VALUE_AT used        32 u8  [24] trace id and parent span id
 */
import { TRACE_BYTES, readTraceparent } from "../core/traceparent";
import { wipe } from "../scan";
import {
  FIELD_CONTENT_TYPE,
  FIELD_GRPC_STATUS,
  FIELD_METHOD,
  FIELD_PATH,
  FIELD_STATUS,
  FIELD_TRACEPARENT,
} from "./names";
import { cleanPath } from "./path";
import { FIELDS, PATH_AT, TEXT_AT, VALUE_AT } from "./places";

/** Bits 1 << FIELD_*. */
export const SEEN_METHOD: u32 = 1 << FIELD_METHOD;
export const SEEN_PATH: u32 = 1 << FIELD_PATH;
export const SEEN_STATUS: u32 = 1 << FIELD_STATUS;
export const SEEN_CONTENT_TYPE: u32 = 1 << FIELD_CONTENT_TYPE;
export const SEEN_GRPC_STATUS: u32 = 1 << FIELD_GRPC_STATUS;
export const SEEN_TRACEPARENT: u32 = 1 << FIELD_TRACEPARENT;
/** A reference to an entry that was not seen: any field may be it. */
export const SEEN_UNKNOWN: u32 = 1 << 8;
/** The block breaks the grammar, or was lost: fields may be missing. */
export const SEEN_BROKEN: u32 = 1 << 9;

const SEEN: usize = 0;
const METHOD: usize = 4;
const STATUS: usize = 8;
const GRPC_STATUS: usize = 12;
const TYPE: usize = 16;
const PATH_LENGTH: usize = 20;
const VALUE_USED: usize = 24;
const TRACE: usize = 32;
const FIELDS_SIZE: usize = 56;

@inline export function seen(bits: u32): bool { return (load<u32>(FIELDS, SEEN) & bits) != 0; }
@inline export function fieldMethod(): u32 { return load<u32>(FIELDS, METHOD); }
@inline export function fieldStatus(): u32 { return load<u32>(FIELDS, STATUS); }
@inline export function fieldGrpcStatus(): u32 { return load<u32>(FIELDS, GRPC_STATUS); }
/** TYPE_* (values.ts). */
@inline export function fieldType(): u32 { return load<u32>(FIELDS, TYPE); }
@inline export function fieldPathLength(): u32 { return load<u32>(FIELDS, PATH_LENGTH); }
@inline export function fieldTrace(): usize { return FIELDS + TRACE; }

export function markSeen(bits: u32): void {
  store<u32>(FIELDS, load<u32>(FIELDS, SEEN) | bits, SEEN);
}

/** A value was taken out of its Huffman code to VALUE_AT: so much is to be wiped. */
export function markUsed(bytes: u32): void {
  if (bytes > load<u32>(FIELDS, VALUE_USED)) store<u32>(FIELDS, bytes, VALUE_USED);
}

/** Nothing of the block is left anywhere in scratch. */
export function wipeFields(): void {
  // A decoder stores two symbols at once.
  wipe(VALUE_AT, VALUE_AT + load<u32>(FIELDS, VALUE_USED) + 2);
  wipe(PATH_AT, PATH_AT + load<u32>(FIELDS, PATH_LENGTH));
  wipe(FIELDS, FIELDS + FIELDS_SIZE);
}

/** Writes what survives of the value of a text field to TEXT_AT; returns its length. */
export function readText(field: u32, p: usize, length: u32): u32 {
  if (field == FIELD_PATH) return cleanPath(p, length, TEXT_AT);
  if (readTraceparent(p, length, TEXT_AT)) return TRACE_BYTES;
  wipe(TEXT_AT, TEXT_AT + TRACE_BYTES);
  return 0;
}

/** The block has the field; `value` means valueOf, a text is [text, text + length). */
export function takeField(field: u32, value: u32, text: usize, length: u32): void {
  const bit: u32 = 1 << field;
  if (load<u32>(FIELDS, SEEN) & bit) return;
  markSeen(bit);
  switch (field) {
    case FIELD_METHOD: store<u32>(FIELDS, value, METHOD); break;
    case FIELD_STATUS: store<u32>(FIELDS, value, STATUS); break;
    case FIELD_GRPC_STATUS: store<u32>(FIELDS, value, GRPC_STATUS); break;
    case FIELD_CONTENT_TYPE: store<u32>(FIELDS, value, TYPE); break;
    case FIELD_PATH:
      memory.copy(PATH_AT, text, length);
      store<u32>(FIELDS, length, PATH_LENGTH);
      break;
    default:
      memory.copy(FIELDS + TRACE, text, length);
  }
}
