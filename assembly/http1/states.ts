/**
 * Places in the grammar of an HTTP/1 message head, RFC 9112 2.1:
 *
 *   HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
 *
 * Up to AUTHORITY the bytes at hand are not decided: they survive only when the decision falls in
 * the chunk that holds them.
 */
import { SLOT_COUNTED, SLOT_UNDECIDED, SLOT_WORD, SLOT_WORD_SIZE } from "../abi";
import { wipe } from "../scan";

/** Before the message; empty lines are passed over. A fresh slot. */
export const START: u8 = 0;
export const START_LF: u8 = 1;
/** In the method, or in the version of a response. */
export const START_WORD: u8 = 2;
export const TARGET: u8 = 3;
export const SCHEME: u8 = 4;
export const AUTHORITY: u8 = 5;
export const PATH: u8 = 6;
export const PARAMETER: u8 = 7;
/** In the query or the fragment. */
export const QUERY: u8 = 8;
export const AFTER_ASTERISK: u8 = 9;
export const VERSION: u8 = 10;
export const STATUS_CODE: u8 = 11;
export const AFTER_STATUS_CODE: u8 = 12;
export const REASON: u8 = 13;
/** A line is complete but for its CRLF or LF. */
export const LINE_END: u8 = 14;
export const LINE_LF: u8 = 15;
export const LINE_START: u8 = 16;
export const NAME: u8 = 17;
export const VALUE_KEPT: u8 = 18;
export const VALUE_DROPPED: u8 = 19;
export const MEDIA_TYPE: u8 = 20;
export const TRACEPARENT: u8 = 21;
export const HEAD_LF: u8 = 22;
/** Everything that follows dies. */
export const BODY: u8 = 23;
export const MALFORMED: u8 = 24;
export const NOT_HTTP1: u8 = 25;

export const HTAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SP: u8 = 0x20;

@inline
export function stateOf(slot: usize): u8 {
  return load<u8>(slot);
}

/** Enter a state at `next`, the first byte that is its own; returns `next`. */
@inline
export function enter(slot: usize, state: u8, next: usize): usize {
  store<u8>(slot, state);
  store<u16>(slot, 0, SLOT_COUNTED);
  return next;
}

/** Bytes seen of the current element, in this chunk and those before. */
@inline
export function counted(slot: usize): u32 {
  return load<u16>(slot, SLOT_COUNTED);
}

@inline
export function count(slot: usize, bytes: u32): void {
  store<u16>(slot, <u16>bytes, SLOT_COUNTED);
}

@inline
export function isUndecided(slot: usize): bool {
  return stateOf(slot) <= AUTHORITY;
}

@inline
export function undecidedFrom(slot: usize): usize {
  return load<u32>(slot, SLOT_UNDECIDED);
}

@inline
export function setUndecidedFrom(slot: usize, p: usize): void {
  store<u32>(slot, <u32>p, SLOT_UNDECIDED);
}

/** The stream dies from `offender` on, or from where the bytes are not decided yet. */
export function fail(slot: usize, offender: usize): usize {
  const from = isUndecided(slot) ? undecidedFrom(slot) : offender;
  const state = stateOf(slot) <= SCHEME ? NOT_HTTP1 : MALFORMED;
  forgetWord(slot);
  return enter(slot, state, from);
}

@inline
export function forgetWord(slot: usize): void {
  wipe(slot + SLOT_WORD, slot + SLOT_WORD + SLOT_WORD_SIZE);
}
