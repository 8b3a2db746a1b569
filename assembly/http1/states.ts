/**
 * Places in the grammar of an HTTP/1 message, RFC 9112 2.1:
 *
 *   HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
 *
 * Undecided bytes survive only when the decision falls in the chunk that holds them. Two use the
 * states: redaction alone (../redact.ts), for which all behind the head is BODY, and the parser
 * (http1-stream.ts), whose messages follow each other.
 */
import {
  SLOT_COUNTED,
  SLOT_FLAGS,
  SLOT_REDACTED,
  SLOT_UNDECIDED,
  SLOT_WORD,
  SLOT_WORD_SIZE,
} from "../abi";
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
/** Kept values that the parser reads. */
export const CONTENT_LENGTH: u8 = 22;
export const TRANSFER_CODING: u8 = 23;
export const UPGRADE: u8 = 24;
export const HEAD_LF: u8 = 25;
/** The head is over. For redaction alone, everything that follows dies. */
export const BODY: u8 = 26;
export const MALFORMED: u8 = 27;
export const NOT_HTTP1: u8 = 28;

// Only for the parser.
/** A traceparent that a chunk's end cut: it dies, and is read. */
export const TRACEPARENT_CUT: u8 = 29;
export const BODY_LENGTH: u8 = 30;
export const BODY_UNTIL_CLOSE: u8 = 31;
export const CHUNK_SIZE: u8 = 32;
export const CHUNK_EXTENSION: u8 = 33;
export const CHUNK_SIZE_LF: u8 = 34;
export const CHUNK_DATA: u8 = 35;
export const CHUNK_END: u8 = 36;
export const CHUNK_END_LF: u8 = 37;
/** Somewhere in a stream: the next start line is looked for. */
export const RESYNC: u8 = 38;
/** Behind a CONNECT: its response tells whether this is a tunnel. */
export const TUNNEL: u8 = 39;
export const MESSAGE_END: u8 = 40;
/** In blanks before the colon of a response's field. */
export const NAME_END: u8 = 41;

/** The target is an authority. */
export const FLAG_CONNECT: u8 = 1;
/** Nothing dies (mode `full`). */
export const FLAG_KEEP: u8 = 2;
/** The slot is a direction of the parser. */
export const FLAG_STREAM: u8 = 4;
/** In the trailer of a chunked body. */
export const FLAG_TRAILER: u8 = 8;
/** What was found in RESYNC is no request line before its end; if not, the search goes on. */
export const FLAG_TENTATIVE: u8 = 16;
/** A folded line here is malformed: no field is before it, or one that frames the message. */
export const FLAG_NO_FOLD: u8 = 32;
/** Messages are requests, of any method. */
export const FLAG_REQUESTS: u8 = 64;
/** The method is none of the registry: undecided until the request line is complete. */
export const FLAG_OTHER_METHOD: u8 = 128;

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

@inline
export function has(slot: usize, flags: u8): bool {
  return (load<u8>(slot, SLOT_FLAGS) & flags) != 0;
}

@inline
export function set(slot: usize, flags: u8, on: bool): void {
  const others = load<u8>(slot, SLOT_FLAGS) & ~flags;
  store<u8>(slot, on ? others | flags : others, SLOT_FLAGS);
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
  const state = stateOf(slot);
  return state <= AUTHORITY || state == RESYNC || has(slot, FLAG_TENTATIVE | FLAG_OTHER_METHOD);
}

@inline
export function undecidedFrom(slot: usize): usize {
  return load<u32>(slot, SLOT_UNDECIDED);
}

@inline
export function setUndecidedFrom(slot: usize, p: usize): void {
  store<u32>(slot, <u32>p, SLOT_UNDECIDED);
}

/** Zero [p, end), unless nothing dies. */
export function erase(slot: usize, p: usize, end: usize): void {
  if (p >= end || has(slot, FLAG_KEEP)) return;
  store<u32>(slot, load<u32>(slot, SLOT_REDACTED) + <u32>(end - p), SLOT_REDACTED);
  wipe(p, end);
}

/**
 * The stream dies from `offender` on, or from where the bytes are not decided yet. What was only
 * tried dies up to the offender, and the search goes on there.
 */
export function fail(slot: usize, offender: usize): usize {
  const from = isUndecided(slot) ? undecidedFrom(slot) : offender;
  forgetWord(slot);
  if (has(slot, FLAG_TENTATIVE)) {
    set(slot, FLAG_TENTATIVE, false);
    erase(slot, from, offender);
    setUndecidedFrom(slot, offender);
    return enter(slot, RESYNC, offender);
  }
  return enter(slot, stateOf(slot) <= SCHEME ? NOT_HTTP1 : MALFORMED, from);
}

@inline
export function forgetWord(slot: usize): void {
  wipe(slot + SLOT_WORD, slot + SLOT_WORD + SLOT_WORD_SIZE);
}
