/**
 * DNS over TCP (RFC 1035 4.2.2, RFC 7766): pipelined, answered in any order. The protocol
 * interface of core/stream.ts; over UDP see dns-datagram.ts.
 */
import { CONN_FLAGS, CONN_FLAG_MID_JOIN, CONN_TRANSPORT, direction } from "../core/conn-layout";
import { NOTE_TRUNCATED, note } from "../core/call";
import { now } from "../core/ctx";
import { at, blockOf } from "../core/pool";
import { malformed, redact } from "../core/stream";
import { markGap, onBareAnswer } from "./calls";
import { portsSay, streamVerdict } from "./detect";
import { endIndex } from "./index";
import { feedMessage } from "./message";
import { endMessage } from "./outcome";
import {
  AT_LENGTH,
  BEGIN_NS,
  CALL,
  GATHERED,
  HAS_HOLE,
  HEADER,
  LEFT,
  LOST,
  REST,
  SIZE,
  TYPE,
  be16,
  clear,
  gather,
  goTo,
  isResponse,
  part,
  place,
} from "./state";

const UDP: u8 = 17;
const LENGTH_SIZE: u32 = 2;
const HEADER_SIZE: u32 = 12;

export function detect(conn: usize, side: u32, p: usize, end: usize): i32 {
  const said = portsSay(conn);
  // Where the beginning was missed the bytes may be from within a message: ports do not help.
  const isMidJoin = (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_MID_JOIN) != 0;
  return streamVerdict(p, end, isMidJoin ? min(said, 0) : said);
}

export function begin(conn: usize): bool {
  return true;
}

/** One message, or as much of it as is there. */
export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  const d = direction(conn, side);
  switch (place(d)) {
    case AT_LENGTH: return inLength(conn, d, p, end);
    case LOST: return inLost(conn, d, p, end);
    default: return feedMessage(conn, side, d, p, end);
  }
}

function inLength(conn: usize, d: usize, p: usize, end: usize): usize {
  if (load<u8>(d, GATHERED) == 0) store<u64>(d, now(), BEGIN_NS);
  const behind = p + part(d, p, end, LENGTH_SIZE);
  const length = gather(d, p, end, LENGTH_SIZE);
  if (length == 0) return behind;
  const size = be16(length);
  if (size < HEADER_SIZE) return malformed(conn, p, end);
  store<u16>(d, <u16>size, LEFT);
  store<u32>(d, size + LENGTH_SIZE, SIZE);
  goTo(d, HEADER);
  return behind;
}

/** Behind a hole a chunk that makes sense begins with a message: senders write whole ones. */
function inLost(conn: usize, d: usize, p: usize, end: usize): usize {
  if (streamVerdict(p, end, 0) > 0) {
    clear(conn, d);
    return p;
  }
  redact(p, end);
  return end;
}

/** A hole within a message costs what it covers; a longer one also the place in the stream. */
export function gap(conn: usize, side: u32, size: u32): void {
  if (load<u8>(conn, CONN_TRANSPORT) == UDP) return;
  const d = direction(conn, side);
  if (place(d) >= HEADER && place(d) <= REST) {
    const left = <u32>load<u16>(d, LEFT);
    cover(conn, side, d);
    if (size > 0 && size < left) {
      store<u16>(d, <u16>(left - size), LEFT);
      return;
    }
    endMessage(conn, d);
    if (size == left) return;
  }
  clear(conn, d);
  goTo(d, LOST);
  markGap(conn, side);
}

/** The rest of the message is not to be had: of an answer without its question the id may tell. */
function cover(conn: usize, side: u32, d: usize): void {
  store<u8>(d, 1, HAS_HOLE);
  store<u8>(d, 0, GATHERED);
  if (place(d) > HEADER && place(d) <= TYPE && isResponse(d)) {
    const call = onBareAnswer(conn, side, d);
    store<u32>(d, call == 0 ? 0 : blockOf(call), CALL);
  }
  goTo(d, REST);
}

/** A message that the end of the direction cuts tells what it told so far. */
export function finish(conn: usize, side: u32): void {
  const d = direction(conn, side);
  if (place(d) >= HEADER && place(d) <= REST) {
    const block = load<u32>(d, CALL);
    if (block != 0) note(at(block), NOTE_TRUNCATED);
    endMessage(conn, d);
  }
  clear(conn, d);
}

export function end(conn: usize): void {
  clear(conn, direction(conn, 0));
  clear(conn, direction(conn, 1));
  endIndex(conn);
}
