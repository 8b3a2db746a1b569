/**
 * The memory of the parser module: every region, its place and its size. Fixed; nothing is ever
 * allocated. docs/abi.md is the same for people, src/wasm/abi.ts the host's copy (checked).
 *
 *   0x0000000  static data of the compiler
 *   CTX        variables: there are no mutable globals, so that zeroing the memory resets all
 *   TABLES     lookup tables, written once at start by their owners
 *   CONNS      connections, CONN_SIZE each
 *   TCP        reassembly state, one for each connection
 *   HASH       buckets of the connection table
 *   BLOCKS     pool of BLOCK_SIZE blocks: pending calls, texts, held bytes, segments
 *   INPUT      what the host hands over, redacted in place
 *   ROWS       output rows     TEXT  their texts
 *   WORK       scratch of one call into the module, wiped before it returns
 */
import {
  BLOCK_COUNT,
  CONN_COUNT,
  HASH_BUCKETS,
  INPUT_SIZE,
  ROW_COUNT,
  TEXT_SIZE,
  WORK_SIZE,
} from "./limits";

export const CONN_SIZE: usize = 256;
export const TCP_SIZE: usize = 64;
export const BLOCK_SIZE: usize = 256;
export const ROW_SIZE: usize = 192;

/** Slack after regions that SIMD loads may over-read. */
const SLACK: usize = 64;

export const CTX: usize = 0x20000;
export const CTX_SIZE: usize = 0x1000;
export const TABLES: usize = CTX + CTX_SIZE;
export const TABLES_SIZE: usize = 0x6f000;
export const CONNS: usize = TABLES + TABLES_SIZE;
export const TCP: usize = CONNS + <usize>CONN_COUNT * CONN_SIZE;
export const HASH: usize = TCP + <usize>CONN_COUNT * TCP_SIZE;
export const BLOCKS: usize = HASH + <usize>HASH_BUCKETS * 4;
export const INPUT: usize = BLOCKS + <usize>BLOCK_COUNT * BLOCK_SIZE;
export const ROWS: usize = INPUT + <usize>INPUT_SIZE + SLACK;
export const TEXT: usize = ROWS + <usize>ROW_COUNT * ROW_SIZE;
export const WORK: usize = TEXT + <usize>TEXT_SIZE + SLACK;
export const MEMORY_END: usize = WORK + <usize>WORK_SIZE + SLACK;
