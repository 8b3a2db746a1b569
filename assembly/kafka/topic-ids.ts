/**
 * Topic ids (KIP-516) and the names that brokers told for them. One table for all connections: an
 * id is unique and is never given to another name, and clients ask one broker for the names and
 * others for the records. At most TOPIC_DIRECTORIES * TOPIC_SLOTS entries, a block each; where an
 * id has no slot left another entry goes.
 *
 * An entry: u8 [16] id, u8 length, the name. A name beyond NAME_ROOM is not remembered. An id is
 * known by a digest of 128 bits: where a message is not what it says its bytes could be anything,
 * and are kept nowhere. The digest of the id that is all zero, which means none, is zero.
 */
import { BLOCK_SIZE, CTX } from "../core/memory";
import { allocate, at, release } from "../core/pool";
import { TOPIC_DIRECTORIES, TOPIC_PROBES, TOPIC_SLOTS } from "./limits";
import { DIRECTORIES, FLAG_ID_BEGUN, HAVE, SCRATCH, hasFlag, setFlag } from "./state";

const ID_BYTES: u32 = 16;
/** FNV-1a of 64 bits, and the same with another start and a turn. */
const PRIME: u64 = 0x100000001b3;
const START: u64 = 0xcbf29ce484222325;
const OTHER_START: u64 = 0x9e3779b97f4a7c15;

const NAME_LENGTH: usize = 16;
const NAME: usize = 17;
const NAME_ROOM: u32 = <u32>(BLOCK_SIZE - NAME);

/** The next bytes of an id into the digest in the scratch; returns as the functions of field.ts. */
export function takeId(d: usize, p: usize, end: usize): usize {
  let have = <u32>load<u8>(d, HAVE);
  let one = have == 0 ? START : load<u64>(d, SCRATCH);
  let other = have == 0 ? OTHER_START : load<u64>(d, SCRATCH + 8);
  let any = have != 0 && hasFlag(d, FLAG_ID_BEGUN);
  for (; have < ID_BYTES && p < end; have++) {
    const byte = <u64>load<u8>(p++);
    one = (one ^ byte) * PRIME;
    other = rotl<u64>(other ^ byte, 29) * PRIME;
    any = any || byte != 0;
  }
  const whole = have == ID_BYTES;
  store<u64>(d, whole && !any ? 0 : one, SCRATCH);
  store<u64>(d, whole && !any ? 0 : other, SCRATCH + 8);
  store<u8>(d, whole ? 0 : <u8>have, HAVE);
  setFlag(d, FLAG_ID_BEGUN, any);
  return whole ? p : 0;
}

/** Address of the entry of the digest at `id`, 0 when there is none. */
export function entryOf(id: usize): usize {
  const hash = hashOf(id);
  const directory = load<u32>(directoryOf(hash));
  if (directory == 0) return 0;
  const slots = firstSlot(directory, hash);
  for (let probe: u32 = 0; probe < TOPIC_PROBES; probe++) {
    const block = load<u32>(slots + probe * 4);
    if (block != 0 && isEntryOf(at(block), id)) return at(block);
  }
  return 0;
}

@inline export function nameOf(entry: usize): usize { return entry + NAME; }
@inline export function nameLengthOf(entry: usize): u32 { return load<u8>(entry, NAME_LENGTH); }

/** Remembers the name of an id; what is known already stays. */
export function learn(id: usize, name: usize, length: u32): void {
  if (isZero(id) || length > NAME_ROOM || entryOf(id) != 0) return;
  const hash = hashOf(id);
  const place = directoryOf(hash);
  if (load<u32>(place) == 0) store<u32>(place, allocate(0));
  const directory = load<u32>(place);
  if (directory == 0) return;
  const slot = freeSlot(firstSlot(directory, hash), hash);
  const block = allocate(0);
  store<u32>(slot, block);
  if (block == 0) return;
  memory.copy(at(block), id, 16);
  store<u8>(at(block), <u8>length, NAME_LENGTH);
  memory.copy(at(block) + NAME, name, length);
}

@inline
export function isZero(id: usize): bool {
  return (load<u64>(id) | load<u64>(id, 8)) == 0;
}

/** A slot that is free, or made free. */
function freeSlot(slots: usize, hash: u32): usize {
  for (let probe: u32 = 0; probe < TOPIC_PROBES; probe++) {
    if (load<u32>(slots + probe * 4) == 0) return slots + probe * 4;
  }
  const slot = slots + ((hash >> 24) % TOPIC_PROBES) * 4;
  release(0, load<u32>(slot));
  return slot;
}

@inline
function isEntryOf(entry: usize, id: usize): bool {
  return load<u64>(entry) == load<u64>(id) && load<u64>(entry, 8) == load<u64>(id, 8);
}

@inline
function directoryOf(hash: u32): usize {
  return CTX + DIRECTORIES + <usize>(hash % TOPIC_DIRECTORIES) * 4;
}

/** The word that links blocks comes before the slots. */
@inline
function firstSlot(directory: u32, hash: u32): usize {
  return at(directory) + 4 + ((hash >> 8) % (TOPIC_SLOTS - TOPIC_PROBES + 1)) * 4;
}

function hashOf(id: usize): u32 {
  return <u32>(load<u64>(id) >> 32) ^ <u32>load<u64>(id, 8);
}
