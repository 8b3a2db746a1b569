/**
 * State of HTTP/2 connections.
 *
 * A direction, 56 bytes:
 *    0  u8   state: STATE_*          1  u8   bytes held
 *    2  u8   type   3  u8 flags      4  u32  stream of the frame
 *    8  u32  bytes left of it, padding not counted
 *   12  u8   padding of it          13  u8   BLOCK_*: of the open header block
 *   14  u8   DIRECTION_*            15  u8   bytes of the frame's prefix
 *   16  u8   [9] held: of a frame head, or of a prefix; zeros when it is complete
 *   28  u32  stream of the open header block, 0: none is open
 *   32  u32  its bytes so far: first block, 36 u32 last block, 40 u32 how many
 *   44  u32  bytes of its frames
 *   48  u64  time of its first byte
 *
 * A session, one block (CONN_OWN):
 *    8  u32  highest stream a client began   12  u8 SESSION_*
 *   16  u32  [2] stream promised by the open block of each side
 *   24  u32  key of the hash of streams
 *   64  the tables of both sides, TABLE_STRUCT_SIZE each
 *
 * Another block (CONN_OWN_2) has the buckets of the hash of streams.
 */
import { CONN_OWN, CONN_OWN_2 } from "../core/conn-layout";
import { at } from "../core/pool";
import { TABLE_STRUCT_SIZE } from "../hpack/dynamic-table";

export const DIR_STATE: usize = 0;
export const DIR_HELD: usize = 1;
export const DIR_TYPE: usize = 2;
export const DIR_FLAGS: usize = 3;
export const DIR_STREAM: usize = 4;
export const DIR_LEFT: usize = 8;
export const DIR_PADDING: usize = 12;
export const DIR_BLOCK_FLAGS: usize = 13;
export const DIR_NOTES: usize = 14;
export const DIR_PREFIX: usize = 15;
export const DIR_HEAD: usize = 16;
export const DIR_BLOCK_STREAM: usize = 28;
export const DIR_BLOCK_FIRST: usize = 32;
export const DIR_BLOCK_LAST: usize = 36;
export const DIR_BLOCK_LENGTH: usize = 40;
export const DIR_BLOCK_BYTES: usize = 44;
export const DIR_BLOCK_NS: usize = 48;

// Places in the grammar.
/** Nothing was seen of the direction. */
export const STATE_FRESH: u8 = 0;
export const STATE_PREFACE: u8 = 1;
export const STATE_HEAD: u8 = 2;
export const STATE_PAD_LENGTH: u8 = 3;
export const STATE_PREFIX: u8 = 4;
export const STATE_BODY: u8 = 5;
export const STATE_PADDING: u8 = 6;
/** Bytes are missing: the next likely frame head is looked for. */
export const STATE_LOST: u8 = 7;
/** A header block could not be decoded: nothing behind it can be. */
export const STATE_BROKEN: u8 = 8;

/** The next head has to be a likely one: the last was found after a hole. */
export const DIRECTION_UNSURE: u8 = 1;
/** A frame was seen. */
export const DIRECTION_BEGUN: u8 = 2;
/** The head at hand is the one that was found. */
export const DIRECTION_FOUND: u8 = 4;

export const BLOCK_END_STREAM: u8 = 1;
export const BLOCK_PROMISE: u8 = 2;
/** Part of it is missing or was too much: it is not decoded. */
export const BLOCK_LOST: u8 = 4;

export const SESSION_STREAM: usize = 8;
export const SESSION_FLAGS: usize = 12;
export const SESSION_PROMISED: usize = 16;
export const SESSION_KEY: usize = 24;
const SESSION_TABLES: usize = 64;

/** Which side is the client is told by the bytes, not guessed. */
export const SESSION_ROLES_KNOWN: u8 = 1;

@inline
export function sessionOf(conn: usize): usize {
  return at(load<u32>(conn, CONN_OWN));
}

@inline
export function tableOf(conn: usize, side: u32): usize {
  return sessionOf(conn) + SESSION_TABLES + <usize>side * TABLE_STRUCT_SIZE;
}

@inline
export function bucketsOf(conn: usize): usize {
  return at(load<u32>(conn, CONN_OWN_2));
}
