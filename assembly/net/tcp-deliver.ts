/**
 * From the queue to the protocol: what follows what was delivered; and, when a hole is given up,
 * a gap of its exact size and what lies behind it. Everything here may find the output full, and
 * is then done again from where it was.
 */
import { now, setNow } from "../core/ctx";
import { hasRoom } from "../core/out";
import { feed, finish, gap } from "../core/stream";
import {
  dequeue,
  firstRun,
  runBegin,
  runBytes,
  runBytesEnd,
  runCut,
  runTime,
} from "./tcp-queue";
import {
  SIDE_ACKED,
  SIDE_CONFIRMED,
  SIDE_FIN,
  SIDE_FIN_AT,
  SIDE_HOLE,
  SIDE_KNOWN,
  SIDE_UNSEEN,
  clearFlag,
  distance,
  hasFlag,
  nextOf,
  setNextOf,
  sideOf,
} from "./tcp-state";

/** Packets that may come between an acknowledgement and the bytes it is for: captures reorder. */
const PATIENCE: u8 = 3;

/** Bytes of the packet at hand, in order. False when the output is full. */
export function deliver(conn: usize, side: u32, p: usize, size: u32): bool {
  const state = sideOf(conn, side);
  const stop = feed(conn, side, p, p + size);
  setNextOf(state, nextOf(state) + <u32>(stop - p));
  return stop == p + size;
}

/** `size` bytes of the direction will not come. False when the output is full. */
export function deliverGap(conn: usize, side: u32, size: u32): bool {
  if (size == 0) return true;
  if (!hasRoom()) return false;
  const state = sideOf(conn, side);
  gap(conn, side, size);
  setNextOf(state, nextOf(state) + size);
  return true;
}

/**
 * What of the queue follows now, and the end of the direction when that is reached. `isFilled`:
 * the packet at hand filled the hole, so the bytes count as come now, else as when they came.
 * False when the output is full.
 */
export function deliverQueue(conn: usize, side: u32, isFilled: bool): bool {
  const state = sideOf(conn, side);
  const present = now();
  let done = true;
  while (done && firstRun(state) != 0 && distance(runBegin(firstRun(state)), nextOf(state)) <= 0) {
    if (!isFilled) setNow(runTime(firstRun(state)));
    done = deliverBlock(conn, side, state);
  }
  setNow(present);
  if (done && isAtFin(state)) {
    if (!hasRoom()) return false;
    finish(conn, side);
  }
  return done;
}

/** The first block of the queue, which begins at the next byte or before it. */
function deliverBlock(conn: usize, side: u32, state: usize): bool {
  const run = firstRun(state);
  const cut = runCut(run);
  const size = cut != 0 ? cut : <u32>(runBytesEnd(run) - runBytes(run));
  const old = min(size, nextOf(state) - runBegin(run));
  if (old > 0) {
    dequeue(conn, state, old);
    return true;
  }
  if (cut != 0) {
    if (!deliverGap(conn, side, cut)) return false;
    dequeue(conn, state, cut);
    return true;
  }
  const before = nextOf(state);
  const done = deliver(conn, side, runBytes(run), size);
  if (nextOf(state) != before) dequeue(conn, state, nextOf(state) - before);
  return done;
}

function isAtFin(state: usize): bool {
  return hasFlag(state, SIDE_FIN) && nextOf(state) == load<u32>(state, SIDE_FIN_AT);
}

/** Gives up holes until `sequence` is reached. False when the output is full. */
function giveUpTo(conn: usize, side: u32, sequence: u32): bool {
  const state = sideOf(conn, side);
  // Each turn reaches a run or the sequence number.
  while (distance(sequence, nextOf(state)) > 0) {
    const run = firstRun(state);
    let stop = sequence;
    if (run != 0 && distance(runBegin(run), sequence) < 0) stop = runBegin(run);
    const missing = distance(stop, nextOf(state));
    if (missing > 0 && !deliverGap(conn, side, missing)) return false;
    if (!deliverQueue(conn, side, false)) return false;
  }
  return true;
}

/** Gives up the first hole, and delivers what is behind it. False when the output is full. */
export function giveUpFirst(conn: usize, side: u32): bool {
  const run = firstRun(sideOf(conn, side));
  if (run == 0) return true;
  return giveUpTo(conn, side, runBegin(run)) && deliverQueue(conn, side, false);
}

/** Gives up every hole: the queue is empty afterwards. False when the output is full. */
export function giveUpAllHoles(conn: usize, side: u32): bool {
  const state = sideOf(conn, side);
  while (firstRun(state) != 0) {
    if (!giveUpFirst(conn, side)) return false;
  }
  // Acknowledged, or before the FIN, and never seen.
  if (hasFlag(state, SIDE_HOLE) && !giveUpTo(conn, side, holeEnd(state))) return false;
  clearFlag(state, SIDE_HOLE);
  if (hasFlag(state, SIDE_FIN) && hasFlag(state, SIDE_KNOWN) && !hasFlag(state, SIDE_UNSEEN)) {
    if (!giveUpTo(conn, side, load<u32>(state, SIDE_FIN_AT))) return false;
  }
  return deliverQueue(conn, side, false);
}

/** Where the bytes end that were acknowledged; the FIN counts as one. */
function holeEnd(state: usize): u32 {
  const acked = load<u32>(state, SIDE_ACKED);
  const fin = load<u32>(state, SIDE_FIN_AT);
  return hasFlag(state, SIDE_FIN) && distance(acked, fin) > 0 ? fin : acked;
}

/** Whether bytes of the side are awaited that the other side has, and had before it went on. */
export function isAwaited(state: usize): bool {
  return hasFlag(state, SIDE_HOLE) && distance(holeEnd(state), nextOf(state)) > 0;
}

/**
 * After each packet: a hole that was acknowledged and not filled within PATIENCE packets is given
 * up. `isNew`: the packet was not counted yet. False when the output is full.
 */
export function settle(conn: usize, side: u32, isNew: bool): bool {
  const state = sideOf(conn, side);
  if (!hasFlag(state, SIDE_HOLE)) return true;
  if (isAwaited(state)) {
    const confirmed = load<u8>(state, SIDE_CONFIRMED) + (isNew ? 1 : 0);
    store<u8>(state, confirmed, SIDE_CONFIRMED);
    if (confirmed <= PATIENCE) return true;
    if (!giveUpTo(conn, side, holeEnd(state))) return false;
  }
  // The other side's bytes waited for these.
  if (!deliverQueue(conn, 1 - side, false)) return false;
  clearFlag(state, SIDE_HOLE);
  return true;
}
