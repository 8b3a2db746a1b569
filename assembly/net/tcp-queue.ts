/**
 * Bytes of a direction that came too early: runs of bytes without a hole, in order, apart from
 * each other; at most RUNS_MAX runs and QUEUE_BLOCKS_MAX blocks. What came first stays. A part of
 * a run may be bytes that the capture cut off: their number is known, they are not.
 *
 * A block: 0 u32 next of the run  16 u64 time of its first byte  24 u16 begin  26 u16 end of its
 *   bytes  28 u32 size of what was cut off, in place of bytes  32 the bytes
 * The first block of a run also: 4 u32 its sequence number  8 u32 its end  12 u32 its last block
 * and, at 248, u32 the next run.
 */
import { COUNT_TCP_BYTES_DROPPED, count } from "../core/counters";
import { now } from "../core/ctx";
import { allocate, at, next, release, setNext } from "../core/pool";
import { SIDE_BLOCKS, SIDE_FIRST, SIDE_RUNS, distance } from "./tcp-state";

/** Holes waited for at once. */
const RUNS_MAX: u16 = 64;
/** Blocks of one direction, 162 KiB; both take three quarters of what a connection may hold. */
const QUEUE_BLOCKS_MAX: u16 = 768;

const BEGIN: usize = 4;
const END: usize = 8;
const LAST: usize = 12;
const TIME: usize = 16;
const FROM: usize = 24;
const TO: usize = 26;
const CUT: usize = 28;
const DATA: usize = 32;
const NEXT_RUN: usize = 248;
const DATA_SIZE: u32 = <u32>NEXT_RUN - <u32>DATA;

@inline
export function firstRun(state: usize): u32 {
  return load<u32>(state, SIDE_FIRST);
}

/** Sequence number of the first byte of a run. */
@inline
export function runBegin(run: u32): u32 {
  return load<u32>(at(run), BEGIN);
}

@inline
function runEnd(run: u32): u32 {
  return load<u32>(at(run), END);
}

/** When the first block of the run was seen, ns. */
@inline
export function runTime(run: u32): u64 {
  return load<u64>(at(run), TIME);
}

/** Bytes that the capture cut off, with which the run begins; 0: it begins with bytes. */
@inline
export function runCut(run: u32): u32 {
  return load<u32>(at(run), CUT);
}

/** The bytes the run begins with: one block of them. */
@inline
export function runBytes(run: u32): usize {
  return at(run) + DATA + load<u16>(at(run), FROM);
}

@inline
export function runBytesEnd(run: u32): usize {
  return at(run) + DATA + load<u16>(at(run), TO);
}

/**
 * Queues the `size` bytes at `p` that begin at `sequence`, as far as they are not queued already;
 * with `p` 0, that so many were cut off. False when a bound was met: the rest is not queued.
 */
export function enqueue(conn: usize, state: usize, sequence: u32, p: usize, size: u32): bool {
  let previous: u32 = 0;
  let run = firstRun(state);
  // Each turn passes a run, or queues a part between two: bounded by RUNS_MAX.
  while (size > 0) {
    while (run != 0 && distance(runEnd(run), sequence) <= 0) {
      previous = run;
      run = load<u32>(at(run), NEXT_RUN);
    }
    let part = size;
    if (run != 0 && distance(runBegin(run), sequence) <= 0) {
      part = min(size, runEnd(run) - sequence);
    } else {
      if (run != 0) part = min(size, runBegin(run) - sequence);
      run = place(conn, state, previous, run, sequence, p, part);
      if (run == 0) return false;
    }
    sequence += part;
    if (p != 0) p += part;
    size -= part;
  }
  return true;
}

/** Bytes between two runs; returns the run they are part of now, 0 when not all could be placed. */
function place(
  conn: usize,
  state: usize,
  previous: u32,
  following: u32,
  sequence: u32,
  p: usize,
  size: u32,
): u32 {
  let run = previous;
  if (previous == 0 || runEnd(previous) != sequence) {
    if (load<u16>(state, SIDE_RUNS) >= RUNS_MAX) return 0;
    run = takeBlock(conn, state);
    if (run == 0) return 0;
    store<u32>(at(run), sequence, BEGIN);
    store<u32>(at(run), sequence, END);
    store<u32>(at(run), run, LAST);
    store<u32>(at(run), following, NEXT_RUN);
    if (previous == 0) store<u32>(state, run, SIDE_FIRST);
    else store<u32>(at(previous), run, NEXT_RUN);
    store<u16>(state, load<u16>(state, SIDE_RUNS) + 1, SIDE_RUNS);
  }
  if (!append(conn, state, run, p, size)) return 0;
  if (following != 0 && runEnd(run) == runBegin(following)) join(state, run, following);
  return run;
}

/** A fresh block, whose time is now; 0 at the bounds. */
function takeBlock(conn: usize, state: usize): u32 {
  const blocks = load<u16>(state, SIDE_BLOCKS);
  if (blocks >= QUEUE_BLOCKS_MAX) return 0;
  const block = allocate(conn);
  if (block == 0) return 0;
  store<u16>(state, blocks + 1, SIDE_BLOCKS);
  store<u64>(at(block), now(), TIME);
  return block;
}

function append(conn: usize, state: usize, run: u32, p: usize, size: u32): bool {
  let block = load<u32>(at(run), LAST);
  while (size > 0) {
    const used = <u32>load<u16>(at(block), TO);
    const isFull = used == DATA_SIZE || load<u32>(at(block), CUT) != 0 || (p == 0 && used != 0);
    if (isFull) {
      const fresh = takeBlock(conn, state);
      if (fresh == 0) return false;
      setNext(block, fresh);
      store<u32>(at(run), fresh, LAST);
      block = fresh;
      continue;
    }
    let part = size;
    if (p == 0) {
      store<u32>(at(block), size, CUT);
    } else {
      part = min(size, DATA_SIZE - used);
      memory.copy(at(block) + DATA + used, p, part);
      store<u16>(at(block), <u16>(used + part), TO);
      p += part;
    }
    store<u32>(at(run), runEnd(run) + part, END);
    size -= part;
  }
  return true;
}

/** Two runs that touch become one. */
function join(state: usize, run: u32, following: u32): void {
  setNext(load<u32>(at(run), LAST), following);
  store<u32>(at(run), runEnd(following), END);
  store<u32>(at(run), load<u32>(at(following), LAST), LAST);
  store<u32>(at(run), load<u32>(at(following), NEXT_RUN), NEXT_RUN);
  store<u16>(state, load<u16>(state, SIDE_RUNS) - 1, SIDE_RUNS);
}

/**
 * The first `size` bytes of the first run are done with; at most what its first block has. The
 * run itself when nothing is left of it.
 */
export function dequeue(conn: usize, state: usize, size: u32): void {
  const run = firstRun(state);
  const block = at(run);
  const begin = runBegin(run) + size;
  store<u32>(block, begin, BEGIN);
  if (runCut(run) != 0) {
    store<u32>(block, runCut(run) - size, CUT);
    if (runCut(run) != 0) return;
  } else {
    store<u16>(block, load<u16>(block, FROM) + <u16>size, FROM);
    if (load<u16>(block, FROM) != load<u16>(block, TO)) return;
  }
  const following = next(run);
  if (following == 0) {
    store<u32>(state, load<u32>(block, NEXT_RUN), SIDE_FIRST);
    store<u16>(state, load<u16>(state, SIDE_RUNS) - 1, SIDE_RUNS);
  } else {
    store<u32>(at(following), begin, BEGIN);
    store<u32>(at(following), runEnd(run), END);
    store<u32>(at(following), load<u32>(block, LAST), LAST);
    store<u32>(at(following), load<u32>(block, NEXT_RUN), NEXT_RUN);
    store<u32>(state, following, SIDE_FIRST);
  }
  release(conn, run);
  store<u16>(state, load<u16>(state, SIDE_BLOCKS) - 1, SIDE_BLOCKS);
}

/** Frees the queue: its bytes die, and are counted. */
export function forgetQueue(conn: usize, state: usize): void {
  while (firstRun(state) != 0) {
    const run = firstRun(state);
    const size = runCut(run) != 0 ? runCut(run) : <u32>(runBytesEnd(run) - runBytes(run));
    if (runCut(run) == 0) count(COUNT_TCP_BYTES_DROPPED, size);
    dequeue(conn, state, size);
  }
}
