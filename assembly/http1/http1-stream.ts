/**
 * HTTP/1.0 and 1.1 as the engine sees it (../core/stream.ts), RFC 9110 and 9112. One pass redacts
 * and reads: the state machine of the head (start-line.ts, header-line.ts) is the one of redaction
 * alone, and between its elements this file takes what a call needs.
 *
 *   message = start-line CRLF *( field-line CRLF ) CRLF [ body ]
 *
 * Resumes at any byte, O(1) a byte. A connection holds two directions (direction.ts) and its
 * pending calls.
 */
import { NOTE_MALFORMED } from "../core/call";
import {
  CONN_FLAGS,
  CONN_FLAG_MID_JOIN,
  CONN_PROTOCOL,
  PROTO_HTTP1,
  direction,
  isClient,
} from "../core/conn-layout";
import { COUNT_BYTES_REDACTED, count } from "../core/counters";
import { MODE_FULL, mode } from "../core/ctx";
import { malformed } from "../core/stream";
import { SLOT_REDACTED } from "../abi";
import * as body from "./body";
import { detectHttp1, passSocks } from "./detect";
import { MARK_TUNNELLED, clientSlot, countBytes, countFrom, mark } from "./direction";
import * as element from "./elements";
import * as fields from "./fields";
import * as header from "./header-line";
import { endMessage, endOfHead } from "./message";
import { settle } from "./message-call";
import { buildNameTable } from "./names";
import * as start from "./start-line";
import * as state from "./states";

export { end, finish, gap } from "./loss";

/** Messages one call of `feed` may end: each may write a row. */
const MESSAGES_PER_STEP: u32 = 32;

export function detect(conn: usize, side: u32, p: usize, end: usize): i32 {
  return detectHttp1(conn, p, end);
}

export function begin(conn: usize): bool {
  const isMidJoin = (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_MID_JOIN) != 0;
  for (let side: u32 = 0; side < 2; side++) {
    const slot = direction(conn, side);
    state.set(slot, state.FLAG_STREAM, true);
    state.set(slot, state.FLAG_REQUESTS, isClient(conn, side));
    // What comes first may be the middle of a message.
    if (isMidJoin) state.enter(slot, state.RESYNC, 0);
  }
  return true;
}

export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  const slot = direction(conn, side);
  state.set(slot, state.FLAG_KEEP, mode() == MODE_FULL);
  p = passSocks(slot, p, end);
  state.setUndecidedFrom(slot, p);
  countFrom(conn, p);
  for (let messageCount: u32 = 0; p < end && messageCount < MESSAGES_PER_STEP; ) {
    p = step(conn, slot, p, end);
    if (state.stateOf(slot) < state.BODY) continue;
    if (state.stateOf(slot) == state.BODY) {
      countBytes(conn, slot, p);
      countRedacted(slot);
      endOfHead(conn, slot, p);
      if (load<u8>(conn, CONN_PROTOCOL) != PROTO_HTTP1) return p;
    }
    const at = state.stateOf(slot);
    if (at == state.MALFORMED || at == state.NOT_HTTP1) return breakOff(conn, slot, p, end);
    if (at == state.MESSAGE_END) {
      countBytes(conn, slot, p);
      endMessage(conn, slot, p);
      messageCount++;
    }
  }
  countBytes(conn, slot, p);
  if (state.isUndecided(slot)) state.erase(slot, state.undecidedFrom(slot), p);
  countRedacted(slot);
  return p;
}

/** The grammar is broken at `p`. */
function breakOff(conn: usize, slot: usize, p: usize, end: usize): usize {
  countBytes(conn, slot, p);
  countRedacted(slot);
  settle(conn, NOTE_MALFORMED);
  return malformed(conn, p, end);
}

function countRedacted(slot: usize): void {
  count(COUNT_BYTES_REDACTED, load<u32>(slot, SLOT_REDACTED));
  store<u32>(slot, 0, SLOT_REDACTED);
}

/** One element of the grammar, or as much of it as there is; returns where the next begins. */
function step(conn: usize, slot: usize, p: usize, end: usize): usize {
  switch (state.stateOf(slot)) {
    case state.START: return element.atStart(conn, slot, p);
    case state.START_LF: return start.atStartLf(slot, p);
    case state.START_WORD: return element.startWord(slot, p, end);
    case state.TARGET: return start.atTarget(slot, p);
    case state.SCHEME: return element.tried(conn, slot, start.inScheme(slot, p, end));
    case state.AUTHORITY: return element.tried(conn, slot, element.authority(conn, slot, p, end));
    case state.PATH: return element.tried(conn, slot, element.path(conn, slot, p, end));
    case state.PARAMETER: return element.tried(conn, slot, start.inParameter(slot, p, end));
    case state.QUERY: return element.tried(conn, slot, start.inQuery(slot, p, end));
    case state.AFTER_ASTERISK: return element.tried(conn, slot, element.asterisk(conn, slot, p));
    case state.VERSION: return element.tried(conn, slot, start.inVersion(slot, p, end));
    case state.STATUS_CODE: return element.statusCode(slot, p, end);
    case state.AFTER_STATUS_CODE: return element.afterStatusCode(slot, p, end);
    case state.REASON: return start.inReason(slot, p, end);
    case state.LINE_END: return element.lineEnd(conn, slot, p, end);
    case state.LINE_LF: return element.lineEnd(conn, slot, p, end);
    case state.LINE_START: return header.atLineStart(slot, p, end);
    case state.NAME: return header.inName(slot, p, end);
    case state.NAME_END: return header.inNameEnd(slot, p, end);
    case state.VALUE_KEPT: return header.inValueKept(slot, p, end);
    case state.VALUE_DROPPED: return header.inValueDropped(slot, p, end);
    case state.MEDIA_TYPE: return header.inMediaType(slot, p, end);
    case state.TRACEPARENT: return fields.readTraceparent(slot, p, end);
    case state.TRACEPARENT_CUT: return fields.inTraceparentCut(slot, p, end);
    case state.CONTENT_LENGTH: return fields.inContentLength(slot, p, end);
    case state.TRANSFER_CODING: return fields.inList(slot, p, end, true);
    case state.UPGRADE: return fields.inList(slot, p, end, false);
    case state.HEAD_LF: return header.atHeadLf(slot, p);
    case state.BODY_LENGTH: return body.inCounted(slot, p, end);
    case state.CHUNK_SIZE: return body.inChunkSize(slot, p, end);
    case state.CHUNK_EXTENSION: return body.inChunkExtension(slot, p, end);
    case state.CHUNK_SIZE_LF: return body.atChunkSizeLf(slot, p);
    case state.CHUNK_DATA: return body.inCounted(slot, p, end);
    case state.CHUNK_END: return body.atChunkEnd(slot, p);
    case state.CHUNK_END_LF: return body.atChunkEndLf(slot, p);
    case state.RESYNC: return element.resync(conn, slot, p, end);
    case state.TUNNEL:
      mark(clientSlot(conn), MARK_TUNNELLED, true);
      state.erase(slot, p, end);
      return end;
    default:
      // BODY_UNTIL_CLOSE
      state.erase(slot, p, end);
      return end;
  }
}

buildNameTable();
