/**
 * Topic names on their way from the wire to the call: 1 to TOPIC_BYTES_MAX of letters, digits,
 * `.`, `_` and `-`. In the payload what is such a name survives up to the first byte that is not.
 * A call tells each name once (the first DISTINCT_TOPICS_MAX of them), in the order of the wire.
 */
import {
  CALL_OWN,
  CALL_OWN_16,
  CALL_OWN_BYTES,
  CALL_NOTES,
  CALL_RESOURCE,
  NOTE_MALFORMED,
  NOTE_RESOURCE_CUT,
  NOTE_TOPIC_UNRESOLVED,
  addResource,
  note,
} from "../core/call";
import { RESOURCE_OFF, resourceMode } from "../core/ctx";
import { RESOURCE_BYTES_MAX } from "../core/limits";
import { allocate, at, release } from "../core/pool";
import { textLength } from "../core/text";
import { DISTINCT_TOPICS_MAX } from "./limits";
import {
  CALL,
  CALL_HAS_TOPICS,
  FLAG_LEARN,
  FLAG_NAME_BROKEN,
  FLAG_REQUEST,
  NAME_HAVE,
  PART,
  PART_NAME,
  SCRATCH,
  WANTED,
  hasFlag,
  keep,
  setFlag,
} from "./state";
import { entryOf, isZero, learn, nameLengthOf, nameOf } from "./topic-ids";

const COMMA: usize = memory.data<u8>([0x2c]);
/** Words of a call where the number of its distinct names is. */
const DISTINCT: usize = CALL_OWN + 4;

/** A name of WANTED bytes goes on at `p`; true when it is complete, then [p, p + rest) was it. */
export function passName(conn: usize, d: usize, p: usize, end: usize): bool {
  const have = <u32>load<u8>(d, NAME_HAVE);
  const wanted = load<u32>(d, WANTED);
  const part = min(wanted - have, <u32>(end - p));
  if (!hasFlag(d, FLAG_NAME_BROKEN)) {
    const stop = legalEnd(p, p + part);
    keep(p, stop);
    if (stop < p + part) breakName(d);
  }
  const whole = part == wanted && !hasFlag(d, FLAG_LEARN);
  if (!whole && !hasFlag(d, FLAG_NAME_BROKEN)) gatherName(conn, d, p, part, have);
  store<u8>(d, <u8>(have + part), NAME_HAVE);
  if (have + part < wanted) return false;
  if (!hasFlag(d, FLAG_NAME_BROKEN)) topicSeen(conn, d, whole ? p : nameAt(d), wanted);
  if (!hasFlag(d, FLAG_LEARN)) dropName(conn, d);
  return true;
}

/** The id in the scratch names a topic. */
export function passId(conn: usize, d: usize): void {
  const id = d + SCRATCH;
  if (isZero(id)) return;
  const entry = entryOf(id);
  if (entry != 0) topicSeen(conn, d, nameOf(entry), nameLengthOf(entry));
  else if (mayTell(d)) note(load<u32>(d, CALL), NOTE_TOPIC_UNRESOLVED);
}

/** The id in the scratch is of the name that came before. */
export function learnId(conn: usize, d: usize): void {
  const known = load<u32>(partOf(d), PART_NAME) != 0 && !hasFlag(d, FLAG_NAME_BROKEN);
  if (known && resourceMode() != RESOURCE_OFF) {
    learn(d + SCRATCH, nameAt(d), load<u8>(d, NAME_HAVE));
  }
  dropName(conn, d);
}

/** Forget the name under way. */
export function dropName(conn: usize, d: usize): void {
  const part = partOf(d);
  const block = load<u32>(part, PART_NAME);
  if (block != 0) release(conn, block);
  store<u32>(part, 0, PART_NAME);
  store<u8>(d, 0, NAME_HAVE);
  setFlag(d, FLAG_NAME_BROKEN | FLAG_LEARN, false);
}

function breakName(d: usize): void {
  setFlag(d, FLAG_NAME_BROKEN, true);
  note(load<u32>(d, CALL), NOTE_MALFORMED);
}

function gatherName(conn: usize, d: usize, p: usize, size: u32, have: u32): void {
  const part = partOf(d);
  let block = load<u32>(part, PART_NAME);
  if (block == 0) {
    block = allocate(conn);
    store<u32>(part, block, PART_NAME);
  }
  if (block == 0) {
    setFlag(d, FLAG_NAME_BROKEN, true);
    note(load<u32>(d, CALL), NOTE_RESOURCE_CUT);
    return;
  }
  memory.copy(at(block) + 4 + have, p, size);
}

@inline
function partOf(d: usize): usize {
  return load<u32>(d, PART);
}

@inline
function nameAt(d: usize): usize {
  return at(load<u32>(partOf(d), PART_NAME)) + 4;
}

/** A call tells the topics of its request, or of its response when the request names none. */
function mayTell(d: usize): bool {
  const call = <usize>load<u32>(d, CALL);
  const flags = load<u16>(call, CALL_OWN_16);
  if (!hasFlag(d, FLAG_REQUEST)) return (flags & CALL_HAS_TOPICS) == 0;
  store<u16>(call, flags | CALL_HAS_TOPICS, CALL_OWN_16);
  return true;
}

function topicSeen(conn: usize, d: usize, p: usize, size: u32): void {
  if (!mayTell(d)) return;
  const call = <usize>load<u32>(d, CALL);
  if (load<u32>(call, CALL_NOTES) & NOTE_RESOURCE_CUT) return;
  if (!isFirst(call, p, size)) return;
  const length = textLength(call + CALL_RESOURCE);
  if (length + 1 + size > RESOURCE_BYTES_MAX) {
    note(call, NOTE_RESOURCE_CUT);
    return;
  }
  if (length > 0) addResource(conn, call, COMMA, 1);
  addResource(conn, call, p, size);
}

/** Whether the call did not tell the name yet; remembers it. */
function isFirst(call: usize, p: usize, size: u32): bool {
  const hash = hashOf(p, size);
  const count = load<u32>(call, DISTINCT);
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(call + CALL_OWN_BYTES + <usize>i * 4) == hash) return false;
  }
  if (count < DISTINCT_TOPICS_MAX) {
    store<u32>(call + CALL_OWN_BYTES + <usize>count * 4, hash);
    store<u32>(call, count + 1, DISTINCT);
  }
  return true;
}

function hashOf(p: usize, size: u32): u32 {
  let hash: u64 = <u64>size;
  const end = p + size;
  for (; p < end; p++) hash = (hash ^ load<u8>(p)) * 0x100000001b3;
  return <u32>(hash ^ (hash >> 32));
}

/** First position in [p, end] whose byte no topic name has. */
function legalEnd(p: usize, end: usize): usize {
  while (p < end && isTopicByte(load<u8>(p))) p++;
  return p;
}

@inline
export function isTopicByte(byte: u32): bool {
  const isLetter = (byte | 0x20) - 0x61 < 26;
  const isDigit = byte - 0x30 < 10;
  return isLetter || isDigit || byte == 0x2e || byte == 0x5f || byte == 0x2d;
}
