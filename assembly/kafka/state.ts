/**
 * State of a Kafka connection. Of each direction, 56 bytes in the connection:
 *
 *    0  u8   state: SIZE, HEADER..        1  u8   bytes in the scratch
 *    2  u8   phase of the walk            3  u8   depth of its stack
 *    4  u32  bytes of the message still to come (its size field not counted)
 *    8  u32  of those, bytes to pass over before the next field
 *   12  u32  address of the pending call of the message, 0 none
 *   16  u8   [16] scratch: the part of a field that a chunk's end cut, the digest of a topic id,
 *            after a gap what may be the head of a message
 *   32  u64  time of the first byte of the message
 *   40  u16  API key                     42  u16  version
 *   44  i16  first error code of the response that is not 0
 *   46  u8   FLAG_*                      47  u8   bytes of the topic name so far
 *   48  u32  address of the direction's part of the block of the connection
 *   52  u32  bytes of the topic name in all, or tagged fields still to come
 *
 * In a block (CONN_OWN) what both share, then a part for each direction:
 *
 *    4  u32  correlation id of the last request   8  i32  length of the client id, -1 null
 *   12  u32  responses nobody asked for          16  u32  responses matched
 *   20  u8   1: SASL tokens without a header may come    21  u8   1: a request was seen
 *   22  u8   1: the fields of a request were its bytes exactly
 *   32  part of side 0, 128 part of side 1:
 *        0  u32  block of a topic name under way  4  u32  bytes looked through after a gap
 *        8  stack: u16 next row, u16 first row, u32 elements still to come; DEPTH_MAX of them
 */
import { CTX_PROTOCOLS } from "../core/ctx";
import { CONN_OWN } from "../core/conn-layout";
import { CTX } from "../core/memory";
import { at } from "../core/pool";
import { redact } from "../core/stream";

export const STATE: usize = 0;
export const HAVE: usize = 1;
export const PHASE: usize = 2;
export const DEPTH: usize = 3;
export const LEFT: usize = 4;
export const SKIP: usize = 8;
export const CALL: usize = 12;
export const SCRATCH: usize = 16;
export const FRAME_NS: usize = 32;
export const KEY: usize = 40;
export const VERSION: usize = 42;
export const FIRST_ERROR: usize = 44;
export const FLAGS: usize = 46;
export const NAME_HAVE: usize = 47;
export const PART: usize = 48;
export const WANTED: usize = 52;

/** States: places in a message. */
export const SIZE: u8 = 0;
export const API_VERSION: u8 = 1;
export const CORRELATION: u8 = 2;
export const BODY: u8 = 3;
/** The rest of the message is passed over. */
export const REST: u8 = 4;
/** After a gap: where the next message begins is not known. */
export const RESYNC: u8 = 5;

/** Phases of the walk over a body. */
export const ROW: u8 = 0;
export const NAME: u8 = 1;
export const TAG: u8 = 2;
export const TAG_SIZE: u8 = 3;
export const TAG_ERROR_SIZE: u8 = 4;
export const TAG_ERROR: u8 = 5;
/** Every field was read. */
export const DONE: u8 = 6;
/** The message ended before its fields did. */
export const SHORT: u8 = 7;
/** Its bytes cannot be its fields. */
export const MISFIT: u8 = 8;
/** It was not looked at, or a gap swallowed a part: what it says is not known. */
export const LOST: u8 = 9;

export const FLAG_FLEXIBLE: u8 = 1;
export const FLAG_REQUEST: u8 = 2;
/** The topic name under way has a byte that no name has, or no block was left for it. */
export const FLAG_NAME_BROKEN: u8 = 4;
/** The topic name under way is to be remembered with the id behind it. */
export const FLAG_LEARN: u8 = 8;
/** The topic id under way has a byte that is not zero. */
export const FLAG_ID_BEGUN: u8 = 16;

export const LAST_CORRELATION: usize = 4;
export const CLIENT_ID_LENGTH: usize = 8;
export const ORPHANS: usize = 12;
export const MATCHED: usize = 16;
export const SASL: usize = 20;
export const REQUEST_SEEN: usize = 21;
export const CONFIRMED: usize = 22;
export const PARTS: usize = 32;
export const PART_SIZE: usize = 96;

export const PART_NAME: usize = 0;
export const PART_LOOKED: usize = 4;
export const PART_STACK: usize = 8;
export const STACK_ENTRY: usize = 8;

/** Flags of a pending call, in CALL_OWN_16. */
export const CALL_ACKS_0: u16 = 1;
export const CALL_HAS_TOPICS: u16 = 2;

/** Variables of one call into the module. */
const VARIABLES: usize = CTX_PROTOCOLS + 3 * 512;
const MARK: usize = VARIABLES;
const VALUE: usize = VARIABLES + 4;
/** [TOPIC_DIRECTORIES] blocks, kept: topic-ids.ts. */
export const DIRECTORIES: usize = VARIABLES + 64;

@inline export function value(): i32 { return load<i32>(CTX, VALUE); }
@inline export function setValue(value: i32): void { store<i32>(CTX, value, VALUE); }

/** What both directions share. */
@inline
export function shared(conn: usize): usize {
  return at(load<u32>(conn, CONN_OWN));
}

@inline
export function hasFlag(d: usize, flag: u8): bool {
  return (load<u8>(d, FLAGS) & flag) != 0;
}

@inline
export function setFlag(d: usize, flag: u8, on: bool): void {
  const flags = load<u8>(d, FLAGS);
  store<u8>(d, on ? flags | flag : flags & ~flag, FLAGS);
}

/** First byte at hand that is neither kept nor zeroed yet. */
@inline export function mark(): usize { return load<u32>(CTX, MARK); }
@inline export function setMark(p: usize): void { store<u32>(CTX, <u32>p, MARK); }

/** [p, end) survives; what was passed before dies. */
export function keep(p: usize, end: usize): void {
  if (p >= end) return;
  redact(mark(), p);
  setMark(end);
}
