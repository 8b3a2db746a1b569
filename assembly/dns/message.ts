/**
 * One message: header and first question are read, of the records only what the response code and
 * the end of a zone transfer need. Resumes at any byte; each byte is looked at once.
 */
import { NOTE_MALFORMED, note } from "../core/call";
import { CONN_TRANSPORT } from "../core/conn-layout";
import { COUNT_MALFORMED, count } from "../core/counters";
import { RESOURCE_FULL, resourceMode } from "../core/ctx";
import { allocate, at, blockOf, release } from "../core/pool";
import { malformed, redact } from "../core/stream";
import { giveUpAged, onAnswer, onBareAnswer, onQuery } from "./calls";
import { LABEL_BYTES_MAX, NAME_BYTES_MAX, QUESTIONS_MAX } from "./limits";
import { NAME_BAD, NAME_MORE, nameEnd, nameFault } from "./name";
import { endMessage, isTransfer } from "./outcome";
import { walkRecords } from "./records";
import {
  ANSWERS,
  CALL,
  FLAG_TRUNCATED,
  HAS_HOLE,
  HEADER,
  ID,
  LABEL_LEFT,
  LEFT,
  NAME,
  NAME_BLOCK,
  NAME_LENGTH,
  QUESTIONS,
  RECORDS,
  RECORD_NAME,
  REST,
  TYPE,
  be16,
  flags,
  gather,
  goTo,
  isResponse,
  part,
  place,
  setFlags,
} from "./state";

const HEADER_SIZE: u32 = 12;
/** Type and class of a question. */
const TYPE_SIZE: u32 = 4;

const TCP: u8 = 6;

/** Takes the message's bytes in [p, end), all LEFT of them at most; returns where it stopped. */
export function feedMessage(conn: usize, side: u32, d: usize, p: usize, end: usize): usize {
  const begin = p;
  const stop = p + min(<usize>load<u16>(d, LEFT), end - p);
  while (p < stop) {
    switch (place(d)) {
      case HEADER: p = inHeader(conn, side, d, p, stop, end); break;
      case NAME: p = inName(conn, side, d, p, stop, end); break;
      case TYPE: p = inType(conn, side, d, p, stop); break;
      case REST: redact(p, stop); p = stop; break;
      default: p = inRecords(conn, d, p, stop, end);
    }
  }
  // The grammar was broken: the message is over.
  if (place(d) < HEADER) return p;
  const left = load<u16>(d, LEFT) - <u16>(p - begin);
  store<u16>(d, left, LEFT);
  if (left > 0) return p;
  if (!mayEndHere(d)) return broken(conn, d, p, end);
  endMessage(conn, d);
  return p;
}

/** A message may end where it is cut, by a hole or because the sender says that it is. */
function mayEndHere(d: usize): bool {
  if (place(d) == REST || load<u8>(d, HAS_HOLE) != 0) return true;
  return place(d) > TYPE && (flags(d) & FLAG_TRUNCATED) != 0;
}

function inHeader(conn: usize, side: u32, d: usize, p: usize, stop: usize, end: usize): usize {
  const behind = p + part(d, p, stop, HEADER_SIZE);
  const header = gather(d, p, stop, HEADER_SIZE);
  if (header == 0) return behind;
  store<u16>(d, <u16>be16(header), ID);
  setFlags(d, be16(header + 2));
  giveUpAged(conn);
  const questions = be16(header + 4);
  if (questions > QUESTIONS_MAX) return broken(conn, d, p, end);
  const answers = be16(header + 6);
  const additional = be16(header + 10);
  store<u16>(d, <u16>answers, ANSWERS);
  // Nothing behind the answers matters when no OPT record can be there.
  store<u32>(d, additional == 0 ? answers : answers + be16(header + 8) + additional, RECORDS);
  if (questions > 0) {
    store<u16>(d, <u16>(questions - 1), QUESTIONS);
    goTo(d, NAME);
  } else {
    setCall(d, isResponse(d) ? onBareAnswer(conn, side, d) : 0);
    goToRecords(d);
  }
  return behind;
}

function inName(conn: usize, side: u32, d: usize, p: usize, stop: usize, end: usize): usize {
  let block = load<u32>(d, NAME_BLOCK);
  if (block == 0) {
    const nameStop = nameEnd(p, stop);
    if (nameStop == NAME_BAD) return broken(conn, d, nameFault(p, stop), end);
    if (nameStop != NAME_MORE && nameStop + TYPE_SIZE <= stop) {
      question(conn, side, d, p, nameStop, be16(nameStop));
      hideName(p, nameStop);
      return nameStop + TYPE_SIZE;
    }
    block = allocate(conn);
    if (block == 0) {
      goTo(d, REST);
      return p;
    }
    store<u32>(d, block, NAME_BLOCK);
  }
  const last = gatherName(d, at(block), p, stop);
  hideName(p, last);
  return last < stop && place(d) == NAME ? broken(conn, d, last, end) : last;
}

/** Adds to the name cut in two; returns where it ends, or breaks the grammar, or `stop`. */
function gatherName(d: usize, name: usize, p: usize, stop: usize): usize {
  let length = <u32>load<u16>(d, NAME_LENGTH);
  let label = <u32>load<u8>(d, LABEL_LEFT);
  while (p < stop) {
    if (label > 0) {
      const more = min(label, <u32>(stop - p));
      memory.copy(name + length, p, more);
      label -= more;
      length += more;
      p += more;
      continue;
    }
    label = load<u8>(p);
    if (label > 0 && (label > LABEL_BYTES_MAX || length + label + 2 > NAME_BYTES_MAX)) break;
    store<u8>(name + length, <u8>label);
    length++;
    p++;
    if (label == 0) {
      goTo(d, TYPE);
      break;
    }
  }
  store<u16>(d, <u16>length, NAME_LENGTH);
  store<u8>(d, <u8>label, LABEL_LEFT);
  return p;
}

function inType(conn: usize, side: u32, d: usize, p: usize, stop: usize): usize {
  const behind = p + part(d, p, stop, TYPE_SIZE);
  const element = gather(d, p, stop, TYPE_SIZE);
  if (element == 0) return behind;
  const block = load<u32>(d, NAME_BLOCK);
  const name = at(block);
  question(conn, side, d, name, name + load<u16>(d, NAME_LENGTH), be16(element));
  release(conn, block);
  store<u32>(d, 0, NAME_BLOCK);
  return behind;
}

function inRecords(conn: usize, d: usize, p: usize, stop: usize, end: usize): usize {
  const walked = walkRecords(d, p, stop);
  redact(p, stop);
  return walked < stop ? broken(conn, d, walked, end) : stop;
}

/** The first question names the call; more than one is not in use (RFC 9619). */
function question(conn: usize, side: u32, d: usize, name: usize, end: usize, type: u32): void {
  setCall(d, isResponse(d)
    ? onAnswer(conn, side, d, name, end, type)
    : onQuery(conn, side, d, name, end, type));
  goToRecords(d);
}

@inline
function setCall(d: usize, call: usize): void {
  store<u32>(d, call == 0 ? 0 : blockOf(call), CALL);
}

/** Whether the records have something to tell: an OPT record, the end of a transfer. */
function goToRecords(d: usize): void {
  const block = load<u32>(d, CALL);
  const answers = <u32>load<u16>(d, ANSWERS);
  const tells = isResponse(d) && block != 0 && load<u32>(d, RECORDS) > 0;
  goTo(d, tells && (load<u32>(d, RECORDS) > answers || isTransfer(at(block))) ? RECORD_NAME : REST);
}

/** Under l7_resource other than `full` the name itself dies too. */
@inline
function hideName(p: usize, end: usize): void {
  if (resourceMode() != RESOURCE_FULL) redact(p, end);
}

/**
 * The grammar is broken at `p`. The call keeps what was decided before. A stream dies from there
 * to its end; a datagram is a stream of its own, the next one may be whole.
 */
function broken(conn: usize, d: usize, p: usize, end: usize): usize {
  const block = load<u32>(d, CALL);
  if (block != 0) note(at(block), NOTE_MALFORMED);
  endMessage(conn, d);
  if (load<u8>(conn, CONN_TRANSPORT) == TCP) return malformed(conn, p, end);
  count(COUNT_MALFORMED);
  redact(p, end);
  return end;
}
