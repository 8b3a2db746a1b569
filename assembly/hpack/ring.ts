/**
 * A queue of bytes over pool blocks: a window of positions that only go up. Pages of one block are
 * taken as the end enters them and freed as the beginning leaves them; a page is found through a
 * directory block, and that through its place in the ring.
 *
 *    0  u32  begin   4  u32  end: positions   8  u32 [4] directories (blocks), 64 pages each
 *
 * The window may be RING_BYTES - 512 bytes long.
 */
import { allocate, at, release } from "../core/pool";

export const RING_SIZE: usize = 24;
const BEGIN: usize = 0;
const END: usize = 4;
const DIRECTORIES: usize = 8;

const PAGE_BITS: u32 = 8;
const PAGE: u32 = 1 << PAGE_BITS;
const DIRECTORY_BITS: u32 = 14;
const DIRECTORY_COUNT: u32 = 4;
const PAGES_OF_DIRECTORY: u32 = 64;

@inline
export function ringBegin(ring: usize): u32 {
  return load<u32>(ring, BEGIN);
}

@inline
export function ringEnd(ring: usize): u32 {
  return load<u32>(ring, END);
}

@inline
function directorySlot(ring: usize, position: u32): usize {
  return ring + DIRECTORIES + (((position >> DIRECTORY_BITS) & (DIRECTORY_COUNT - 1)) << 2);
}

@inline
function pageSlot(directory: u32, position: u32): usize {
  return at(directory) + (((position >> PAGE_BITS) & (PAGES_OF_DIRECTORY - 1)) << 2);
}

/** Address of a position. SAFETY: it is in the window, and so has a page. */
@inline
export function ringAt(ring: usize, position: u32): usize {
  const directory = load<u32>(directorySlot(ring, position));
  return at(load<u32>(pageSlot(directory, position))) + (position & (PAGE - 1));
}

/** Makes room for `size` bytes at the end; false when no block is left. */
export function ringGrow(conn: usize, ring: usize, size: u32): bool {
  const offset = ringEnd(ring) & (PAGE - 1);
  if (offset != 0 && offset + size <= PAGE) {
    // The page that the end is in is there.
    store<u32>(ring, ringEnd(ring) + size, END);
    return true;
  }
  const begin = ringEnd(ring) - offset;
  const pages = (ringEnd(ring) + size - begin + PAGE - 1) >> PAGE_BITS;
  for (let page: u32 = 0; page < pages; page++) {
    if (!hasPage(conn, ring, begin + (page << PAGE_BITS))) return false;
  }
  store<u32>(ring, ringEnd(ring) + size, END);
  return true;
}

function hasPage(conn: usize, ring: usize, position: u32): bool {
  const slot = directorySlot(ring, position);
  if (load<u32>(slot) == 0) store<u32>(slot, allocate(conn));
  const directory = load<u32>(slot);
  if (directory == 0) return false;
  const page = pageSlot(directory, position);
  if (load<u32>(page) == 0) store<u32>(page, allocate(conn));
  return load<u32>(page) != 0;
}

/** Drops `size` bytes at the beginning. */
export function ringDrop(conn: usize, ring: usize, size: u32): void {
  let position = ringBegin(ring);
  store<u32>(ring, position + size, BEGIN);
  const left = (ringBegin(ring) >> PAGE_BITS) - (position >> PAGE_BITS);
  // Modulo the pages there are numbers for: positions wrap around.
  for (let pages = left & ((1 << (32 - PAGE_BITS)) - 1); pages > 0; pages--, position += PAGE) {
    leavePage(conn, ring, position);
  }
}

function leavePage(conn: usize, ring: usize, position: u32): void {
  const slot = directorySlot(ring, position);
  const page = pageSlot(load<u32>(slot), position);
  release(conn, load<u32>(page));
  store<u32>(page, 0);
  const isLast = ((position >> PAGE_BITS) & (PAGES_OF_DIRECTORY - 1)) == PAGES_OF_DIRECTORY - 1;
  // The end may be in this directory again, one time around.
  const around = (ringEnd(ring) >> DIRECTORY_BITS) - (position >> DIRECTORY_BITS);
  if (!isLast || (around & (DIRECTORY_COUNT * 2 - 1)) == DIRECTORY_COUNT) return;
  release(conn, load<u32>(slot));
  store<u32>(slot, 0);
}

/** Writes [p, p + size) from a position on. */
export function ringWrite(ring: usize, position: u32, p: usize, size: u32): void {
  while (size > 0) {
    const part = min(size, PAGE - (position & (PAGE - 1)));
    memory.copy(ringAt(ring, position), p, part);
    p += part;
    position += part;
    size -= part;
  }
}

/** Copies `size` bytes from a position on to `out`. */
export function ringRead(ring: usize, position: u32, out: usize, size: u32): void {
  while (size > 0) {
    const part = min(size, PAGE - (position & (PAGE - 1)));
    memory.copy(out, ringAt(ring, position), part);
    out += part;
    position += part;
    size -= part;
  }
}

/** Frees all it has; it is an empty ring again. */
export function ringRelease(conn: usize, ring: usize): void {
  for (let index: u32 = 0; index < DIRECTORY_COUNT; index++) {
    const directory = load<u32>(ring + DIRECTORIES + (<usize>index << 2));
    if (directory == 0) continue;
    for (let page: u32 = 0; page < PAGES_OF_DIRECTORY; page++) {
      const block = load<u32>(at(directory) + (<usize>page << 2));
      if (block != 0) release(conn, block);
    }
    release(conn, directory);
  }
  memory.fill(ring, 0, RING_SIZE);
}
