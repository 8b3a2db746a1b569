/**
 * The way through the records of a message, and the questions behind the first: nothing of them is
 * kept but the high bits of the response code (RFC 6891 6.1.3) and how many SOA records answer.
 */
import { LABEL_BYTES_MAX } from "./limits";
import { TYPE_OPT, TYPE_SOA } from "./registry";
import {
  ANSWERS,
  ELEMENT,
  GATHERED,
  QUESTIONS,
  RCODE_HIGH,
  RECORDS,
  RECORD_FIXED,
  RECORD_NAME,
  RECORD_POINTER,
  REST,
  SKIP,
  SOA_COUNT,
  be16,
  goTo,
  place,
} from "./state";

/** Type, class, ttl and rdlength. */
const FIXED_SIZE: u32 = 10;
/** Type and class of a question. */
const TYPE_SIZE: u16 = 4;

/** Walks over [p, stop); returns `stop`, or before it where the grammar was broken. */
export function walkRecords(d: usize, p: usize, stop: usize): usize {
  while (p < stop) {
    const skip = load<u16>(d, SKIP);
    if (skip > 0) {
      const part = min(<usize>skip, stop - p);
      p += part;
      store<u16>(d, skip - <u16>part, SKIP);
      if (part == skip && place(d) == RECORD_NAME) restWhenDone(d);
      continue;
    }
    switch (place(d)) {
      case RECORD_NAME:
        if (!nameByte(d, load<u8>(p))) return p;
        p++;
        break;
      case RECORD_POINTER:
        p++;
        nameDone(d);
        break;
      case RECORD_FIXED:
        p = fixed(d, p, stop);
        break;
      default:
        return stop;
    }
  }
  return p;
}

/** A length byte of a name; false when nothing allows it. */
function nameByte(d: usize, byte: u8): bool {
  if (byte == 0) {
    nameDone(d);
  } else if (byte >= 0xc0) {
    goTo(d, RECORD_POINTER);
  } else if (<u32>byte > LABEL_BYTES_MAX) {
    return false;
  } else {
    store<u16>(d, byte, SKIP);
  }
  return true;
}

function nameDone(d: usize): void {
  const questions = load<u16>(d, QUESTIONS);
  if (questions == 0) {
    goTo(d, RECORD_FIXED);
    return;
  }
  store<u16>(d, questions - 1, QUESTIONS);
  store<u16>(d, TYPE_SIZE, SKIP);
  goTo(d, RECORD_NAME);
}

/** Until the fixed part is whole, type, first byte of the ttl and rdlength alone are kept. */
function fixed(d: usize, p: usize, stop: usize): usize {
  let at = <u32>load<u8>(d, GATHERED);
  if (at == 0 && stop - p >= FIXED_SIZE) {
    record(d, be16(p), load<u8>(p, 4), be16(p + 8));
    return p + FIXED_SIZE;
  }
  while (p < stop && at < FIXED_SIZE) {
    if (at < 2) store<u8>(d + ELEMENT + at, load<u8>(p));
    else if (at == 4) store<u8>(d + ELEMENT, load<u8>(p), 2);
    else if (at >= 8) store<u8>(d + ELEMENT + at - 8, load<u8>(p), 4);
    p++;
    at++;
  }
  store<u8>(d, at == FIXED_SIZE ? 0 : <u8>at, GATHERED);
  if (at == FIXED_SIZE) {
    const element = d + ELEMENT;
    record(d, be16(element), load<u8>(element, 2), be16(element + 4));
  }
  return p;
}

function record(d: usize, type: u32, ttlHigh: u8, dataSize: u32): void {
  if (type == TYPE_OPT) store<u8>(d, ttlHigh, RCODE_HIGH);
  const answers = load<u16>(d, ANSWERS);
  if (answers > 0) {
    store<u16>(d, answers - 1, ANSWERS);
    const count = load<u8>(d, SOA_COUNT);
    if (type == TYPE_SOA && count < 2) store<u8>(d, count + 1, SOA_COUNT);
  }
  store<u32>(d, load<u32>(d, RECORDS) - 1, RECORDS);
  store<u16>(d, <u16>dataSize, SKIP);
  goTo(d, RECORD_NAME);
  if (dataSize == 0) restWhenDone(d);
}

function restWhenDone(d: usize): void {
  if (load<u32>(d, RECORDS) == 0 && load<u16>(d, QUESTIONS) == 0) goTo(d, REST);
}
