/**
 * Header blocks, RFC 9113 4.3: the fragments of HEADERS or PUSH_PROMISE and its CONTINUATIONs.
 *
 * A block that is whole in the bytes at hand is decoded where it lies; fragments are collected in
 * pool blocks, BLOCK_BYTES_MAX at most. Either way nothing of it is left when it was decoded.
 */
import { CONN_CLIENT, CONN_FLAGS, CONN_FLAG_CLIENT_KNOWN, isClient } from "../core/conn-layout";
import { COUNT_OVER_LIMIT, count } from "../core/counters";
import { now } from "../core/ctx";
import { BLOCK_SIZE } from "../core/memory";
import { allocate, at, next, releaseChain, setNext } from "../core/pool";
import { decodeBlock } from "../hpack/decode";
import { forgetTable } from "../hpack/dynamic-table";
import {
  SEEN_METHOD,
  SEEN_STATUS,
  SEEN_UNKNOWN,
  markSeen,
  seen,
  wipeFields,
} from "../hpack/fields";
import { BLOCK_AT, BLOCK_BYTES_MAX } from "../hpack/places";
import { wipe } from "../scan";
import { onPromise, onRequestBlock, onResponseBlock } from "./calls";
import {
  BLOCK_END_STREAM,
  BLOCK_LOST,
  BLOCK_PROMISE,
  DIRECTION_UNSURE,
  DIR_BLOCK_BYTES,
  DIR_BLOCK_FIRST,
  DIR_BLOCK_FLAGS,
  DIR_BLOCK_LAST,
  DIR_BLOCK_LENGTH,
  DIR_BLOCK_NS,
  DIR_BLOCK_STREAM,
  DIR_NOTES,
  SESSION_FLAGS,
  SESSION_PROMISED,
  SESSION_ROLES_KNOWN,
  sessionOf,
  tableOf,
} from "./state";
import { dropStreams } from "./streams";

/** Bytes of a pool block behind its link. */
const PIECE: u32 = <u32>BLOCK_SIZE - 4;

/** A block begins with a frame on `stream`; `flags`: BLOCK_*. */
export function openBlock(dir: usize, stream: u32, flags: u8): void {
  store<u32>(dir, stream, DIR_BLOCK_STREAM);
  store<u8>(dir, flags, DIR_BLOCK_FLAGS);
  store<u32>(dir, 0, DIR_BLOCK_BYTES);
  store<u64>(dir, now(), DIR_BLOCK_NS);
}

/** One more frame of the block, of so many bytes. */
export function addBlockBytes(dir: usize, bytes: u32): void {
  store<u32>(dir, load<u32>(dir, DIR_BLOCK_BYTES) + bytes, DIR_BLOCK_BYTES);
}

/** The next bytes of the block; what is too much loses it. */
export function collect(conn: usize, dir: usize, p: usize, size: u32): void {
  if (load<u8>(dir, DIR_BLOCK_FLAGS) & BLOCK_LOST) return;
  let length = load<u32>(dir, DIR_BLOCK_LENGTH);
  if (length + size > BLOCK_BYTES_MAX) {
    count(COUNT_OVER_LIMIT);
    return loseBlock(conn, dir);
  }
  while (size > 0) {
    const offset = length % PIECE;
    if (offset == 0 && !addPiece(conn, dir)) return loseBlock(conn, dir);
    const part = min(size, PIECE - offset);
    memory.copy(at(load<u32>(dir, DIR_BLOCK_LAST)) + 4 + offset, p, part);
    p += part;
    size -= part;
    length += part;
    store<u32>(dir, length, DIR_BLOCK_LENGTH);
  }
}

function addPiece(conn: usize, dir: usize): bool {
  const piece = allocate(conn);
  if (piece == 0) return false;
  const last = load<u32>(dir, DIR_BLOCK_LAST);
  if (last == 0) store<u32>(dir, piece, DIR_BLOCK_FIRST);
  else setNext(last, piece);
  store<u32>(dir, piece, DIR_BLOCK_LAST);
  return true;
}

/** Forgets what was collected; nothing of the block will be decoded. */
export function loseBlock(conn: usize, dir: usize): void {
  dropFragments(conn, dir);
  store<u8>(dir, load<u8>(dir, DIR_BLOCK_FLAGS) | BLOCK_LOST, DIR_BLOCK_FLAGS);
}

export function dropFragments(conn: usize, dir: usize): void {
  releaseChain(conn, load<u32>(dir, DIR_BLOCK_FIRST));
  store<u64>(dir, 0, DIR_BLOCK_FIRST);
  store<u32>(dir, 0, DIR_BLOCK_LENGTH);
}

@inline
export function hasFragments(dir: usize): bool {
  return load<u32>(dir, DIR_BLOCK_LENGTH) != 0;
}

/**
 * The block ended; it is [p, end), or with p == 0 what was collected. False: it cannot be decoded,
 * and ends the connection. Of a guessed frame nothing is told then: it was none.
 */
export function endBlock(conn: usize, side: u32, dir: usize, p: usize, end: usize): bool {
  const table = tableOf(conn, side);
  let decoded = true;
  if (load<u8>(dir, DIR_BLOCK_FLAGS) & BLOCK_LOST) {
    forgetTable(conn, table);
    markSeen(SEEN_UNKNOWN);
  } else if (p != 0) {
    decoded = decodeBlock(conn, table, p, end);
  } else {
    const length = putTogether(dir);
    dropFragments(conn, dir);
    decoded = decodeBlock(conn, table, BLOCK_AT, BLOCK_AT + length);
    wipe(BLOCK_AT, BLOCK_AT + length);
  }
  if (decoded || (load<u8>(dir, DIR_NOTES) & DIRECTION_UNSURE) == 0) {
    learnRoles(conn, side, dir);
    deliver(conn, side, dir);
  }
  wipeFields();
  store<u32>(dir, 0, DIR_BLOCK_STREAM);
  return decoded;
}

/** Copies the fragments to BLOCK_AT; returns their length. */
function putTogether(dir: usize): u32 {
  const length = load<u32>(dir, DIR_BLOCK_LENGTH);
  let copied: u32 = 0;
  for (let piece = load<u32>(dir, DIR_BLOCK_FIRST); copied < length; piece = next(piece)) {
    const part = min(length - copied, PIECE);
    memory.copy(BLOCK_AT + copied, at(piece) + 4, part);
    copied += part;
  }
  return length;
}

/** Only a client sends a method, only a server a status or a promise. */
function learnRoles(conn: usize, side: u32, dir: usize): void {
  const session = sessionOf(conn);
  if (load<u8>(session, SESSION_FLAGS) & SESSION_ROLES_KNOWN) return;
  const isPromise = (load<u8>(dir, DIR_BLOCK_FLAGS) & BLOCK_PROMISE) != 0;
  if (!isPromise && seen(SEEN_METHOD)) setClient(conn, side);
  else if (isPromise || seen(SEEN_STATUS)) setClient(conn, 1 - side);
}

/** `side` is the client for certain; what was taken for calls the other way around is none. */
export function setClient(conn: usize, side: u32): void {
  store<u8>(sessionOf(conn), SESSION_ROLES_KNOWN, SESSION_FLAGS);
  if (!isClient(conn, side)) dropStreams(conn);
  store<u8>(conn, <u8>side, CONN_CLIENT);
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_CLIENT_KNOWN, CONN_FLAGS);
}

function deliver(conn: usize, side: u32, dir: usize): void {
  const flags = load<u8>(dir, DIR_BLOCK_FLAGS);
  const stream = load<u32>(dir, DIR_BLOCK_STREAM);
  const bytes = load<u32>(dir, DIR_BLOCK_BYTES);
  const ns = load<u64>(dir, DIR_BLOCK_NS);
  if (isClient(conn, side)) {
    if ((flags & BLOCK_PROMISE) == 0) onRequestBlock(conn, stream, ns, bytes);
  } else if (flags & BLOCK_PROMISE) {
    const promised = load<u32>(sessionOf(conn) + <usize>side * 4, SESSION_PROMISED);
    onPromise(conn, promised, ns, bytes);
  } else {
    onResponseBlock(conn, stream, ns, bytes, (flags & BLOCK_END_STREAM) != 0);
  }
}
