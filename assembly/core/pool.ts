/**
 * The pool of BLOCK_SIZE blocks. A block is known by its number, 0 is none. The first word of a
 * block links it: free blocks to each other, used ones as their owner likes. Freed blocks are
 * zeroed, so a fresh block is all zero and nothing outlives its owner.
 */
import { CONN_BLOCKS_MAX, BLOCK_COUNT } from "./limits";
import { BLOCKS, BLOCK_SIZE, CTX } from "./memory";
import { CTX_POOL } from "./ctx";
import { COUNT_BLOCKS_REFUSED, count } from "./counters";
import { CONN_BLOCKS } from "./conn-layout";

const FREE_HEAD: usize = CTX_POOL;
/** Blocks never used so far begin here: the pool is not linked up at start. */
const UNTOUCHED: usize = CTX_POOL + 4;
const IN_USE: usize = CTX_POOL + 8;

export function initPool(): void {
  store<u32>(CTX, 0, FREE_HEAD);
  store<u32>(CTX, 1, UNTOUCHED);
  store<u32>(CTX, 0, IN_USE);
}

/** Address of a block. SAFETY: `block` is a number that `allocate` returned. */
@inline
export function at(block: u32): usize {
  return BLOCKS + <usize>block * BLOCK_SIZE;
}

/** Number of the block at an address. */
@inline
export function blockOf(address: usize): u32 {
  return <u32>((address - BLOCKS) / BLOCK_SIZE);
}

@inline
export function next(block: u32): u32 {
  return load<u32>(at(block));
}

@inline
export function setNext(block: u32, following: u32): void {
  store<u32>(at(block), following);
}

/** A zeroed block for the connection (0: for nobody's account), or 0 when there is none. */
export function allocate(conn: usize): u32 {
  if (conn != 0 && load<u32>(conn, CONN_BLOCKS) >= CONN_BLOCKS_MAX) {
    count(COUNT_BLOCKS_REFUSED);
    return 0;
  }
  let block = load<u32>(CTX, FREE_HEAD);
  if (block != 0) {
    store<u32>(CTX, next(block), FREE_HEAD);
    setNext(block, 0);
  } else {
    block = load<u32>(CTX, UNTOUCHED);
    if (block >= BLOCK_COUNT) {
      count(COUNT_BLOCKS_REFUSED);
      return 0;
    }
    store<u32>(CTX, block + 1, UNTOUCHED);
  }
  store<u32>(CTX, load<u32>(CTX, IN_USE) + 1, IN_USE);
  if (conn != 0) store<u32>(conn, load<u32>(conn, CONN_BLOCKS) + 1, CONN_BLOCKS);
  return block;
}

/** Zero the block and give it back; `conn` as it was allocated. */
export function release(conn: usize, block: u32): void {
  memory.fill(at(block), 0, BLOCK_SIZE);
  setNext(block, load<u32>(CTX, FREE_HEAD));
  store<u32>(CTX, block, FREE_HEAD);
  store<u32>(CTX, load<u32>(CTX, IN_USE) - 1, IN_USE);
  if (conn != 0) store<u32>(conn, load<u32>(conn, CONN_BLOCKS) - 1, CONN_BLOCKS);
}

/** Release a block and all that are linked behind it. */
export function releaseChain(conn: usize, block: u32): void {
  while (block != 0) {
    const following = next(block);
    release(conn, block);
    block = following;
  }
}

/** Blocks that were ever used, from number 0 on: what `reset` must zero. */
export function touchedBlocks(): u32 {
  return load<u32>(CTX, UNTOUCHED);
}

export function blocksInUse(): u32 {
  return load<u32>(CTX, IN_USE);
}
