/**
 * The bytes of a datagram in pieces, in units of eight as fragment offsets count them: pages of
 * PAGE_UNITS units, found through index blocks, so that a piece costs what it is long wherever it
 * lies. Bounded by the largest datagram: 274 pages and 5 index blocks.
 *
 * A page: 0 u32 bit for each unit that is there  16 u8[240] the units
 * An index block: u32 [64] pages, 0 none
 */
import { at as blockAt, allocate, release } from "../core/pool";

export const UNIT: u32 = 8;
const PAGE_UNITS: u32 = 30;
const PAGE_DATA: usize = 16;
const INDEX_PAGES: u32 = 64;
/** Index blocks of a datagram of 64 KiB. */
export const INDEX_BLOCKS: u32 = 5;

/**
 * Puts [p, p + size), whose first byte is at `offset`, a multiple of UNIT, where nothing is yet.
 * `index`: INDEX_BLOCKS block numbers. Returns how many units were new, -1 when the pool is empty.
 */
export function putUnits(index: usize, offset: u32, p: usize, size: u32): i32 {
  const stop = (offset + size + UNIT - 1) / UNIT;
  let added = 0;
  for (let unit = offset / UNIT; unit < stop; ) {
    const page = pageAt(index, unit / PAGE_UNITS);
    if (page == 0) return -1;
    let present = load<u32>(page);
    const pageStop = min(stop, (unit / PAGE_UNITS + 1) * PAGE_UNITS);
    for (; unit < pageStop; unit++, p += UNIT) {
      const place = unit % PAGE_UNITS;
      if (present & (1 << place)) continue;
      present |= 1 << place;
      // SAFETY: the last unit may be short; what is behind it is never looked at.
      store<u64>(page + PAGE_DATA + place * UNIT, load<u64>(p));
      added++;
    }
    store<u32>(page, present);
  }
  return added;
}

/** Address of the page, made when it is not there; 0 when the pool is empty. */
function pageAt(index: usize, number: u32): usize {
  const entry = index + <usize>(number / INDEX_PAGES) * 4;
  if (load<u32>(entry) == 0) store<u32>(entry, allocate(0));
  if (load<u32>(entry) == 0) return 0;
  const pages = blockAt(load<u32>(entry)) + <usize>(number % INDEX_PAGES) * 4;
  if (load<u32>(pages) == 0) store<u32>(pages, allocate(0));
  return load<u32>(pages) == 0 ? 0 : blockAt(load<u32>(pages));
}

/** Copies `size` bytes from the beginning to `out`, which has room for a page more. */
export function copyUnits(index: usize, out: usize, size: u32): void {
  const pageSize = PAGE_UNITS * UNIT;
  for (let number: u32 = 0; number * pageSize < size; number++) {
    const part = min(size - number * pageSize, pageSize);
    memory.copy(out + number * pageSize, pageAt(index, number) + PAGE_DATA, part);
  }
}

/** Frees all pages and index blocks. */
export function releaseUnits(index: usize): void {
  for (let entry = index; entry < index + INDEX_BLOCKS * 4; entry += 4) {
    const block = load<u32>(entry);
    if (block == 0) continue;
    for (let number: u32 = 0; number < INDEX_PAGES; number++) {
      const page = load<u32>(blockAt(block) + <usize>number * 4);
      if (page != 0) release(0, page);
    }
    release(0, block);
    store<u32>(entry, 0);
  }
}
