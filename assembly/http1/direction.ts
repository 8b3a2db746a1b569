/**
 * The state of one direction of an HTTP/1 connection: a slot of the state machine (../abi.ts), and
 * behind it what the parser knows of the message at hand.
 *
 *    0       slot, SLOT_SIZE bytes
 *   32  u64  bytes left of the body or of the chunk; in the head the Content-Length
 *   40  u64  number that is being read
 *   48  u32  the call of the message (address), 0 none
 *   52  u16  status code of a response, 0 not known yet
 *   54  u8   FRAMING_*
 *   55  u8   MARK_*, which outlive the message
 *
 * Bytes of a message are added to its call when it ends and when the chunk ends. CONN_OWN counts
 * the responses to calls that were given up before them; CONN_OWN_2 is where in the chunk the
 * bytes begin that are not added yet.
 */
import { SLOT_WORD, SLOT_WORD_SIZE } from "../abi";
import { addRequestBytes, addResponseBytes } from "../core/call";
import { CONN_OWN, CONN_OWN_2, direction, isClient } from "../core/conn-layout";
import { wipe } from "../scan";
import {
  FLAG_CONNECT,
  FLAG_OTHER_METHOD,
  FLAG_REQUESTS,
  FLAG_TENTATIVE,
  FLAG_TRAILER,
  has,
  set,
} from "./states";

const LEFT: usize = 32;
const NUMBER: usize = 40;
const CALL: usize = 48;
const STATUS: usize = 52;
const FRAMING: usize = 54;
const MARKS: usize = 55;

/** A Content-Length was read. */
export const FRAMING_LENGTH: u8 = 1;
/** A transfer coding was read; the last one is chunked. */
export const FRAMING_CODING: u8 = 2;
export const FRAMING_CHUNKED: u8 = 4;
export const FRAMING_UPGRADE: u8 = 8;
export const FRAMING_H2C: u8 = 16;

/** Bytes were lost where a response may have been: which call the next one answers is not sure. */
export const MARK_LOST: u8 = 1;
/** The client does not wait for a response before it sends the next request. */
export const MARK_PIPELINED: u8 = 2;
/** Bytes died in TUNNEL. */
export const MARK_TUNNELLED: u8 = 4;
/** A message began. */
export const MARK_BEGUN: u8 = 8;

@inline
export function left(slot: usize): u64 {
  return load<u64>(slot, LEFT);
}

@inline
export function setLeft(slot: usize, bytes: u64): void {
  store<u64>(slot, bytes, LEFT);
}

@inline
export function number(slot: usize): u64 {
  return load<u64>(slot, NUMBER);
}

@inline
export function setNumber(slot: usize, value: u64): void {
  store<u64>(slot, value, NUMBER);
}

@inline
export function callOf(slot: usize): usize {
  return load<u32>(slot, CALL);
}

@inline
export function setCall(slot: usize, call: usize): void {
  store<u32>(slot, <u32>call, CALL);
}

@inline
export function statusOf(slot: usize): u32 {
  return load<u16>(slot, STATUS);
}

@inline
export function setStatus(slot: usize, status: u32): void {
  store<u16>(slot, <u16>status, STATUS);
}

@inline
export function framing(slot: usize): u8 {
  return load<u8>(slot, FRAMING);
}

@inline
export function setFraming(slot: usize, bits: u8, on: bool): void {
  const others = framing(slot) & ~bits;
  store<u8>(slot, on ? others | bits : others, FRAMING);
}

@inline
export function marked(slot: usize, mark: u8): bool {
  return (load<u8>(slot, MARKS) & mark) != 0;
}

@inline
export function mark(slot: usize, mark: u8, on: bool): void {
  const others = load<u8>(slot, MARKS) & ~mark;
  store<u8>(slot, on ? others | mark : others, MARKS);
}

/** Forget the message: the next one begins. */
export function forgetMessage(slot: usize): void {
  wipe(slot + SLOT_WORD, slot + SLOT_WORD + SLOT_WORD_SIZE);
  wipe(slot + LEFT, slot + MARKS);
  set(slot, FLAG_CONNECT | FLAG_TRAILER | FLAG_TENTATIVE | FLAG_OTHER_METHOD, false);
}

@inline
export function isRequest(slot: usize): bool {
  return has(slot, FLAG_REQUESTS);
}

@inline
export function clientSlot(conn: usize): usize {
  return direction(conn, isClient(conn, 0) ? 0 : 1);
}

@inline
export function serverSlot(conn: usize): usize {
  return direction(conn, isClient(conn, 0) ? 1 : 0);
}

/** Responses to come whose calls are gone. */
@inline
export function answersGone(conn: usize): u32 {
  return load<u32>(conn, CONN_OWN);
}

@inline
export function setAnswersGone(conn: usize, count: u32): void {
  store<u32>(conn, count, CONN_OWN);
}

/** Bytes before `p` are of no message, or added to theirs. */
@inline
export function countFrom(conn: usize, p: usize): void {
  store<u32>(conn, <u32>p, CONN_OWN_2);
}

/** Add the bytes up to `p` to the message. */
export function countBytes(conn: usize, slot: usize, p: usize): void {
  const from = <usize>load<u32>(conn, CONN_OWN_2);
  countFrom(conn, p);
  addBytes(slot, p - from);
}

export function addBytes(slot: usize, bytes: u64): void {
  const call = callOf(slot);
  if (call == 0 || bytes == 0) return;
  if (isRequest(slot)) addRequestBytes(call, bytes);
  else addResponseBytes(call, bytes);
}
