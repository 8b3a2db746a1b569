/**
 * The queries of a connection by their id, and what was answered last.
 *
 *     0  u32  next place in the ring
 *     8  u64  [15] keys of what was answered last: a repeated answer is no new call
 *   128  u32  [32] queries by id: first block, linked at CALL_OWN + 4, at most CHAIN_MAX
 *
 * In a call: CALL_KEY is the hash of the name, CALL_OWN u16 id and u16 type, CALL_OWN + 4 the next
 * of the bucket, CALL_OWN + 8 the SOA records of a transfer, CALL_OWN_16 the side that asked.
 */
import { CALL_KEY, CALL_OWN, CALL_OWN_16 } from "../core/call";
import { CONN_OWN } from "../core/conn-layout";
import { allocate, at, blockOf, release } from "../core/pool";

const RING: usize = 8;
const RING_LENGTH: u32 = 15;
const BUCKETS: usize = 128;
const BUCKET_COUNT: u32 = 32;
const NEXT_IN_BUCKET: usize = CALL_OWN + 4;

/** Address of the index of the connection, 0 when there is no room for one. */
export function indexOf(conn: usize): usize {
  let block = load<u32>(conn, CONN_OWN);
  if (block == 0) {
    block = allocate(conn);
    if (block == 0) return 0;
    store<u32>(conn, block, CONN_OWN);
  }
  return at(block);
}

export function endIndex(conn: usize): void {
  const block = load<u32>(conn, CONN_OWN);
  if (block == 0) return;
  release(conn, block);
  store<u32>(conn, 0, CONN_OWN);
}

@inline
export function askedBy(call: usize): u32 {
  return load<u16>(call, CALL_OWN_16);
}

/** Says whose query the call is; `hash` of its name. */
export function identify(call: usize, asker: u32, id: u32, type: u32, hash: u32): void {
  store<u32>(call, hash, CALL_KEY);
  store<u32>(call, id | (type << 16), CALL_OWN);
  store<u16>(call, <u16>asker, CALL_OWN_16);
}

/** The query of the side; 0 when none waits. */
export function find(index: usize, asker: u32, id: u32, type: u32, hash: u32): usize {
  let block = load<u32>(bucketOf(index, id));
  while (block != 0) {
    const call = at(block);
    if (
      load<u32>(call, CALL_OWN) == (id | (type << 16)) &&
      load<u32>(call, CALL_KEY) == hash &&
      askedBy(call) == asker
    ) return call;
    block = load<u32>(call, NEXT_IN_BUCKET);
  }
  return 0;
}

/** The oldest query of the side with the id; 0 when none waits. */
export function findOldest(index: usize, asker: u32, id: u32): usize {
  let found: usize = 0;
  let block = load<u32>(bucketOf(index, id));
  while (block != 0) {
    const call = at(block);
    if (load<u16>(call, CALL_OWN) == id && askedBy(call) == asker) found = call;
    block = load<u32>(call, NEXT_IN_BUCKET);
  }
  return found;
}

/** The last query of the bucket of the id when `most` or more are in it; else 0. */
export function lastOfFull(index: usize, id: u32, most: u32): usize {
  let block = load<u32>(bucketOf(index, id));
  let last: u32 = 0;
  let length: u32 = 0;
  for (; block != 0; block = load<u32>(at(block), NEXT_IN_BUCKET)) {
    last = block;
    length++;
  }
  return length >= most ? at(last) : 0;
}

export function insert(index: usize, call: usize): void {
  const bucket = bucketOf(index, load<u16>(call, CALL_OWN));
  store<u32>(call, load<u32>(bucket), NEXT_IN_BUCKET);
  store<u32>(bucket, blockOf(call));
}

/** Takes the call out; one that was never in is in no bucket. */
export function remove(index: usize, call: usize): void {
  const block = blockOf(call);
  let link = bucketOf(index, load<u16>(call, CALL_OWN));
  while (load<u32>(link) != 0 && load<u32>(link) != block) {
    link = at(load<u32>(link)) + NEXT_IN_BUCKET;
  }
  if (load<u32>(link) == block) store<u32>(link, load<u32>(call, NEXT_IN_BUCKET));
}

/** Remembers the call as answered, and forgets the one that was so longest ago. */
export function remember(index: usize, call: usize): void {
  const place = load<u32>(index);
  const key = keyOf(load<u32>(call, CALL_OWN), load<u32>(call, CALL_KEY));
  store<u64>(index + RING + <usize>place * 8, key);
  store<u32>(index, place + 1 < RING_LENGTH ? place + 1 : 0);
}

export function wasAnswered(index: usize, id: u32, type: u32, hash: u32): bool {
  const key = keyOf(id | (type << 16), hash);
  for (let place: usize = 0; place < RING_LENGTH; place++) {
    if (load<u64>(index + RING + place * 8) == key) return true;
  }
  return false;
}

@inline
function keyOf(question: u32, hash: u32): u64 {
  return (<u64>hash << 32) | question;
}

/** Ids are drawn at random or counted up: the low bits spread both. */
@inline
function bucketOf(index: usize, id: u32): usize {
  return index + BUCKETS + <usize>(id & (BUCKET_COUNT - 1)) * 4;
}
