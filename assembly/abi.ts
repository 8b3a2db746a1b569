/**
 * The numeric contract with the host (src/wasm/redactor.ts) and the layout of the memory.
 *
 *   0x00000  static data of the compiler
 *   0x31000  words and names, written once at start (http1/names.ts), where the parser module has
 *            them, too
 *   0x33000  stream slots, SLOT_SIZE each, one more than SLOT_COUNT for the self-test
 *   0xb4000  staging: the payload of a call, redacted in place
 *   0xf4000  slack: reads of 16 bytes may pass the end of a payload, writes never do
 */
import { HTTP1_TABLE, HTTP1_TABLE_SIZE } from "./core/tables";

/** What became of a stream, returned by `redact`. Mirrored by RedactStatus of the host. */
export const STATUS_DETECTING: u32 = 0;
export const STATUS_HEAD: u32 = 1;
export const STATUS_BODY: u32 = 2;
export const STATUS_MALFORMED: u32 = 3;
export const STATUS_NOT_HTTP1: u32 = 4;
/** The slot or the range does not exist; nothing was read or written. */
export const STATUS_BAD_CALL: u32 = 255;

export const NAMES_PTR: usize = HTTP1_TABLE;
export const SLOTS_PTR: usize = HTTP1_TABLE + HTTP1_TABLE_SIZE;
export const STAGING_PTR: usize = 0xb4000;

/**
 * One slot; all zero is a fresh stream.
 *
 *    0  u8   state, a place in the grammar (http1/states.ts)
 *    1  u8   FLAG_* (http1/states.ts)
 *    2  u16  bytes seen of the current element
 *    4  u32  where the bytes begin that are not decided yet, within a call
 *    8  u8   [20] first word, or what a chunk's end cut in two: header name, listed value
 *   28  u32  bytes zeroed
 */
export const SLOT_SIZE: usize = 32;
export const SLOT_FLAGS: usize = 1;
export const SLOT_COUNTED: usize = 2;
export const SLOT_UNDECIDED: usize = 4;
export const SLOT_WORD: usize = 8;
export const SLOT_WORD_SIZE: u32 = 20;
export const SLOT_REDACTED: usize = 28;
