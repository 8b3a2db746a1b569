/**
 * HTTP/2, RFC 9113: frames of a direction, in order, at whatever places their bytes are cut.
 *
 *   connection = [ preface ] frame*        frame = head [ pad-length ] [ prefix ] body [ padding ]
 *
 * Frame heads and the preface survive redaction; every payload dies as it passes. Bounds: one
 * frame head, one prefix of 8 bytes and one header block (header-block.ts) are held of a
 * direction, PENDING_MAX open streams and two tables (hpack/dynamic-table.ts) of a connection.
 */
import {
  CALL_KEY,
  CALL_OWN_16,
  CALL_OWN_BYTES,
  CALL_OWN_BYTES_SIZE,
  CALL_PROTOCOL,
  NOTE_UPGRADED,
  firstCall,
  note,
} from "../core/call";
import {
  CONN_DIRECTION,
  CONN_OWN,
  CONN_OWN_2,
  DIRECTION_SIZE,
  PROTO_HTTP2,
  direction,
  isClient,
} from "../core/conn-layout";
import { now } from "../core/ctx";
import { rowCount } from "../core/out";
import { allocate, release } from "../core/pool";
import { redact } from "../core/stream";
import { initTable, releaseTable } from "../hpack/dynamic-table";
import { detectHttp2 } from "./detect";
import { HEAD_BYTES, isLikely } from "./frame";
import { atBody, atPadLength, atPadding, atPrefix, beginFrame, broken } from "./frames";
import { dropFragments, setClient } from "./header-block";
import { lose, onGap, searchBehind, whereLost } from "./hole";
import { emitAnswered } from "./outcome";
import { PREFACE_BYTES, prefaceBytes } from "./preface";
import {
  DIRECTION_BEGUN,
  DIRECTION_UNSURE,
  DIR_HEAD,
  DIR_HELD,
  DIR_NOTES,
  DIR_STATE,
  SESSION_KEY,
  STATE_BODY,
  STATE_BROKEN,
  STATE_FRESH,
  STATE_HEAD,
  STATE_PADDING,
  STATE_PAD_LENGTH,
  STATE_PREFACE,
  STATE_PREFIX,
  sessionOf,
  tableOf,
} from "./state";
import { addStream } from "./streams";

const FIRST_PREFACE_BYTE: u8 = 0x50;
/** The stream of a request that was upgraded from HTTP/1, RFC 7540 3.2. */
const UPGRADED_STREAM: u32 = 1;

export function detect(conn: usize, side: u32, p: usize, end: usize): i32 {
  return detectHttp2(conn, side, p, end);
}

export function begin(conn: usize): bool {
  const session = allocate(conn);
  if (session == 0) return false;
  store<u32>(conn, session, CONN_OWN);
  const buckets = allocate(conn);
  store<u32>(conn, buckets, CONN_OWN_2);
  if (buckets == 0) {
    end(conn);
    return false;
  }
  store<u32>(sessionOf(conn), <u32>(((now() + 1) * 0x9e3779b97f4a7c15) >> 32) | 1, SESSION_KEY);
  initTable(tableOf(conn, 0));
  initTable(tableOf(conn, 1));
  adoptUpgraded(conn);
  return true;
}

/** The request that asked for the upgrade is answered on the first stream. */
function adoptUpgraded(conn: usize): void {
  const call = firstCall(conn);
  if (call == 0 || load<u32>(call, CALL_KEY) != UPGRADED_STREAM) return;
  memory.fill(call + CALL_OWN_16, 0, 14);
  memory.fill(call + CALL_OWN_BYTES, 0, CALL_OWN_BYTES_SIZE);
  store<u8>(call, PROTO_HTTP2, CALL_PROTOCOL);
  note(call, NOTE_UPGRADED);
  addStream(conn, call, UPGRADED_STREAM);
}

/** Takes what is there, up to the first call that it completes. */
export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  const dir = direction(conn, side);
  const rows = rowCount();
  while (p < end && rowCount() == rows && load<u8>(dir, DIR_STATE) != STATE_BROKEN) {
    p = step(conn, side, dir, p, end);
  }
  return load<u8>(dir, DIR_STATE) == STATE_BROKEN ? undecodable(conn, side, dir, p, end) : p;
}

/** 4.3: it ends the connection. A frame that was guessed was none: the search goes on. */
function undecodable(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  if ((load<u8>(dir, DIR_NOTES) & DIRECTION_UNSURE) == 0) return broken(conn, p, end);
  lose(conn, side, dir);
  return p;
}

function step(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  switch (load<u8>(dir, DIR_STATE)) {
    case STATE_FRESH:
      store<u8>(dir, DIRECTION_UNSURE, DIR_NOTES);
      store<u8>(dir, load<u8>(p) == FIRST_PREFACE_BYTE ? STATE_PREFACE : STATE_HEAD, DIR_STATE);
      return p;
    case STATE_PREFACE: return inPreface(conn, side, dir, p, end);
    case STATE_HEAD: return inHead(conn, side, dir, p, end);
    case STATE_PAD_LENGTH: return atPadLength(conn, side, dir, p, end);
    case STATE_PREFIX: return atPrefix(conn, side, dir, p, end);
    case STATE_BODY: return atBody(conn, side, dir, p, end);
    case STATE_PADDING: return atPadding(conn, side, dir, p, end);
    default: return whereLost(conn, side, dir, p, end);
  }
}

function inPreface(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const held = load<u8>(dir, DIR_HELD);
  const same = prefaceBytes(p, end, held);
  store<u8>(dir, <u8>(held + same), DIR_HELD);
  if (held + same < PREFACE_BYTES) return p + same == end ? end : broken(conn, p + same, end);
  store<u8>(dir, 0, DIR_HELD);
  store<u8>(dir, DIRECTION_BEGUN, DIR_NOTES);
  store<u8>(dir, STATE_HEAD, DIR_STATE);
  setClient(conn, side);
  return p + same;
}

function inHead(conn: usize, side: u32, dir: usize, p: usize, end: usize): usize {
  const held = <u32>load<u8>(dir, DIR_HELD);
  const part = min(HEAD_BYTES - held, <u32>(end - p));
  const next = p + part;
  const have = held + part;
  let head = p;
  if (part < HEAD_BYTES) {
    head = dir + DIR_HEAD;
    memory.copy(head + held, p, part);
    store<u8>(dir, <u8>have, DIR_HELD);
  }
  const likely = isLikely(head, have) ? part : likelyPart(head, part, have);
  const isUnsure = (load<u8>(dir, DIR_NOTES) & DIRECTION_UNSURE) != 0;
  if (have < HEAD_BYTES ? isUnsure && likely < part : !beginFrame(conn, side, dir, head)) {
    if (!isUnsure) return broken(conn, p, end);
    searchBehind(conn, side, dir, head, have);
    redact(p, next);
  } else {
    // Where the grammar is about to break they may be anything.
    redact(p + likely, next);
  }
  return next;
}

/** Of the last `part` of `have` bytes of a head, those before the one that makes it unlikely. */
function likelyPart(head: usize, part: u32, have: u32): u32 {
  let likely: u32 = 0;
  while (likely < have && isLikely(head, likely + 1)) likely++;
  const before = have - part;
  return likely > before ? likely - before : 0;
}

export function gap(conn: usize, side: u32, size: u32): void {
  onGap(conn, side, direction(conn, side), size);
}

/** What was cut off will not be completed; behind a server's end no call is. */
export function finish(conn: usize, side: u32): void {
  const dir = direction(conn, side);
  lose(conn, side, dir);
  if (!isClient(conn, side)) emitAnswered(conn);
}

export function end(conn: usize): void {
  if (load<u32>(conn, CONN_OWN) == 0) return;
  emitAnswered(conn);
  for (let side: u32 = 0; side < 2; side++) {
    dropFragments(conn, direction(conn, side));
    releaseTable(conn, tableOf(conn, side));
  }
  release(conn, load<u32>(conn, CONN_OWN));
  if (load<u32>(conn, CONN_OWN_2) != 0) release(conn, load<u32>(conn, CONN_OWN_2));
  store<u32>(conn, 0, CONN_OWN);
  store<u32>(conn, 0, CONN_OWN_2);
  memory.fill(conn + CONN_DIRECTION, 0, 2 * DIRECTION_SIZE);
}
