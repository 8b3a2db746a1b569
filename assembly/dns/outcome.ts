/** What a message that is over means for its call. */
import {
  CALL_ERROR,
  CALL_OWN,
  CALL_REQUEST_BYTES,
  CALL_RESPONSE_BYTES,
  CALL_RESPONSE_NS,
  CALL_STATUS,
  CALL_STATUS_LENGTH,
  NOTE_REQUEST_GAP,
  NOTE_RESPONSE_GAP,
  NOTE_TRUNCATED,
  addRequestBytes,
  addResponseBytes,
  note,
} from "../core/call";
import { CONN_TRANSPORT } from "../core/conn-layout";
import { at } from "../core/pool";
import { complete } from "./calls";
import { TYPE_AXFR, writeRcode } from "./registry";
import {
  BEGIN_NS,
  CALL,
  FLAG_TRUNCATED,
  HAS_HOLE,
  RCODE_HIGH,
  SIZE,
  SOA_COUNT,
  clear,
  flags,
  isResponse,
} from "./state";

const TCP: u8 = 6;
const RCODE: u32 = 0x000f;
const RCODE_SERVFAIL: u32 = 2;
const RCODE_NOTIMP: u32 = 4;
const RCODE_REFUSED: u32 = 5;

/** SOA records that the messages of a transfer brought so far. */
const SOA_SEEN: usize = CALL_OWN + 8;

/** All bytes of the message were there, or as many as will be. */
export function endMessage(conn: usize, d: usize): void {
  const block = load<u32>(d, CALL);
  if (block != 0) {
    if (isResponse(d)) answered(conn, d, at(block));
    else asked(d, at(block));
  }
  clear(conn, d);
}

function asked(d: usize, call: usize): void {
  addRequestBytes(call, load<u32>(d, SIZE));
  if (load<u8>(d, HAS_HOLE) != 0) note(call, NOTE_REQUEST_GAP);
}

function answered(conn: usize, d: usize, call: usize): void {
  if (load<u64>(call, CALL_REQUEST_BYTES) == 0) {
    // The query was not seen, so nobody knows how long the answer took.
    store<u64>(call, load<u32>(d, SIZE), CALL_RESPONSE_BYTES);
  } else {
    if (load<u64>(call, CALL_RESPONSE_NS) == 0) {
      store<u64>(call, load<u64>(d, BEGIN_NS), CALL_RESPONSE_NS);
    }
    addResponseBytes(call, load<u32>(d, SIZE));
  }
  const rcode = (<u32>load<u8>(d, RCODE_HIGH) << 4) | (flags(d) & RCODE);
  if (load<u8>(d, HAS_HOLE) != 0) note(call, NOTE_RESPONSE_GAP);
  if (flags(d) & FLAG_TRUNCATED) note(call, NOTE_TRUNCATED);
  if (rcode == 0 && goesOn(conn, d, call)) return;
  store<u8>(call, <u8>writeRcode(rcode, call + CALL_STATUS), CALL_STATUS_LENGTH);
  store<u8>(call, isServerFailure(rcode) ? 1 : 0, CALL_ERROR);
  complete(conn, call);
}

/** A zone transfer is a row of messages that begins and ends with the SOA record (RFC 5936 2.2). */
function goesOn(conn: usize, d: usize, call: usize): bool {
  if (!isTransfer(call) || load<u8>(conn, CONN_TRANSPORT) != TCP) return false;
  if (load<u64>(call, CALL_REQUEST_BYTES) == 0) return false;
  const seen = load<u32>(call, SOA_SEEN) + load<u8>(d, SOA_COUNT);
  store<u32>(call, seen, SOA_SEEN);
  return seen < 2;
}

@inline
export function isTransfer(call: usize): bool {
  return load<u16>(call, CALL_OWN + 2) == TYPE_AXFR;
}

/** The server did not do its work; other codes are answers, or mistakes of who asked. */
@inline
function isServerFailure(rcode: u32): bool {
  return rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP || rcode == RCODE_REFUSED;
}
