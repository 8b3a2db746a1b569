/**
 * Which answer belongs to which query: the same id, type and name of the same address pair
 * (RFC 5452 9.1), names by their hash, because under l7_resource `off` no name may stay.
 */
import {
  CALL_METHOD,
  CALL_METHOD_LENGTH,
  CALL_REQUEST_NS,
  CALL_RESPONSE_END_NS,
  NOTE_EVICTED,
  NOTE_REQUEST_GAP,
  NOTE_RESPONSE_GAP,
  NOTE_RETRIED,
  NOTE_TIMEOUT,
  addResource,
  emitCall,
  firstCall,
  giveUp,
  nextCall,
  note,
  openCall,
} from "../core/call";
import {
  CONN_ADDRESS,
  CONN_CLIENT,
  CONN_FAMILY,
  CONN_FLAGS,
  CONN_FLAG_CLIENT_KNOWN,
  CONN_PENDING_COUNT,
  PROTO_DNS,
  direction,
} from "../core/conn-layout";
import { COUNT_RESPONSES_ORPHANED, count } from "../core/counters";
import { now } from "../core/ctx";
import { WORK } from "../core/memory";
import { blockOf } from "../core/pool";
import { wipe } from "../scan";
import { isLocalNaming } from "./detect";
import {
  askedBy,
  find,
  findOldest,
  identify,
  indexOf,
  insert,
  lastOfFull,
  remember,
  remove,
  wasAnswered,
} from "./index";
import {
  AGED_PER_MESSAGE,
  ANSWER_NS_MAX,
  CHAIN_MAX,
  DNS_PENDING_MAX,
  MARKED_PER_GAP,
} from "./limits";
import { nameHash, writeName } from "./name";
import { writeType } from "./registry";
import { BEGIN_NS, CALL, ID } from "./state";

/**
 * A query of `type` for the name in [name, end): a new call, or one more try of one that waits.
 * The call, when it is new; 0 also when it is none, or there is no room.
 */
export function onQuery(
  conn: usize,
  side: u32,
  d: usize,
  name: usize,
  end: usize,
  type: u32,
): usize {
  // Nobody in particular was asked.
  if (isLocalNaming(conn) && isMulticast(conn, 1 - side)) return 0;
  const index = indexOf(conn);
  if (index == 0) return 0;
  const id = load<u16>(d, ID);
  const hash = nameHash(name, end);
  const waiting = find(index, side, id, type, hash);
  if (waiting != 0) {
    note(waiting, NOTE_RETRIED);
    return 0;
  }
  makeRoom(conn, index, id);
  const call = open(conn, side, d, name, end, type, hash);
  if (call != 0) insert(index, call);
  return call;
}

/**
 * An answer from the side: the query it belongs to. When that was not seen the answer tells the
 * question itself: a call whose beginning is missing. 0 when it is no call.
 */
export function onAnswer(
  conn: usize,
  side: u32,
  d: usize,
  name: usize,
  end: usize,
  type: u32,
): usize {
  const index = indexOf(conn);
  if (index == 0) return 0;
  const id = load<u16>(d, ID);
  const hash = nameHash(name, end);
  const waiting = find(index, 1 - side, id, type, hash);
  if (waiting != 0) return waiting;
  if (isLocalNaming(conn)) return 0;
  count(COUNT_RESPONSES_ORPHANED);
  if (wasAnswered(index, id, type, hash)) return 0;
  const call = open(conn, 1 - side, d, name, end, type, hash);
  if (call != 0) note(call, NOTE_REQUEST_GAP);
  return call;
}

/** An answer that tells no question: the oldest query with its id; 0 when there is none. */
export function onBareAnswer(conn: usize, side: u32, d: usize): usize {
  const index = indexOf(conn);
  const waiting: usize = index == 0 ? 0 : findOldest(index, 1 - side, load<u16>(d, ID));
  if (waiting == 0) count(COUNT_RESPONSES_ORPHANED);
  return waiting;
}

/** The call is complete. */
export function complete(conn: usize, call: usize): void {
  const index = indexOf(conn);
  if (index != 0) remember(index, call);
  forget(conn, call);
  emitCall(conn, call);
}

/** Give up what nobody answers any more, AGED_PER_MESSAGE at most. */
export function giveUpAged(conn: usize): void {
  for (let rows: u32 = 0; rows < AGED_PER_MESSAGE; rows++) {
    const call = firstCall(conn);
    if (call == 0) return;
    // A transfer that goes on is as young as its last message.
    const latest = max(load<u64>(call, CALL_REQUEST_NS), load<u64>(call, CALL_RESPONSE_END_NS));
    if (now() < latest || now() - latest < ANSWER_NS_MAX) return;
    abandon(conn, call, NOTE_TIMEOUT);
  }
}

/** Answers from the side may be lost: those who wait for them are marked. */
export function markGap(conn: usize, side: u32): void {
  let call = firstCall(conn);
  for (let steps: u32 = 0; call != 0 && steps < MARKED_PER_GAP; steps++) {
    if (askedBy(call) != side) note(call, NOTE_RESPONSE_GAP);
    call = nextCall(call);
  }
}

/** Opens a call that begins with the message of `d`; not yet in the index. */
function open(
  conn: usize,
  asker: u32,
  d: usize,
  name: usize,
  end: usize,
  type: u32,
  hash: u32,
): usize {
  const call = openCall(conn, PROTO_DNS);
  if (call == 0) return 0;
  identify(call, asker, load<u16>(d, ID), type, hash);
  store<u64>(call, load<u64>(d, BEGIN_NS), CALL_REQUEST_NS);
  store<u8>(call, <u8>writeType(type, call + CALL_METHOD), CALL_METHOD_LENGTH);
  const length = writeName(name, end, WORK);
  addResource(conn, call, WORK, length);
  wipe(WORK, WORK + length);
  setClient(conn, asker);
  return call;
}

/** Room for one more: the oldest of the connection, or of a chain that grew too long, goes. */
function makeRoom(conn: usize, index: usize, id: u32): void {
  if (load<u32>(conn, CONN_PENDING_COUNT) >= DNS_PENDING_MAX) {
    abandon(conn, firstCall(conn), NOTE_EVICTED);
  }
  const last = lastOfFull(index, id, CHAIN_MAX);
  if (last != 0) abandon(conn, last, NOTE_EVICTED);
}

function abandon(conn: usize, call: usize, notes: u32): void {
  forget(conn, call);
  giveUp(conn, call, notes);
}

/** Out of the index and the directions; who asked becomes the client of the call's row. */
function forget(conn: usize, call: usize): void {
  const block = blockOf(call);
  for (let side: u32 = 0; side < 2; side++) {
    const d = direction(conn, side);
    if (load<u32>(d, CALL) == block) store<u32>(d, 0, CALL);
  }
  setClient(conn, askedBy(call));
  const index = indexOf(conn);
  if (index != 0) remove(index, call);
}

function setClient(conn: usize, side: u32): void {
  store<u8>(conn, <u8>side, CONN_CLIENT);
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_CLIENT_KNOWN, CONN_FLAGS);
}

/** 224.0.0.0/4 and 255.255.255.255 (RFC 1112, RFC 919), ff00::/8 (RFC 4291). */
function isMulticast(conn: usize, side: u32): bool {
  const address = conn + CONN_ADDRESS + <usize>side * 16;
  const first = load<u8>(address);
  if (load<u8>(conn, CONN_FAMILY) == 6) return first == 0xff;
  return (first & 0xf0) == 0xe0 || load<u32>(address) == 0xffffffff;
}
