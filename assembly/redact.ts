/**
 * Redaction of an HTTP/1 stream in place: the head of its first message keeps what the closed
 * lists allow, everything after it dies. Resumes at any byte; O(length) a call; no allocation.
 */
import {
  SLOT_SIZE,
  SLOTS_PTR,
  STAGING_PTR,
  STATUS_BAD_CALL,
  STATUS_BODY,
  STATUS_DETECTING,
  STATUS_HEAD,
  STATUS_MALFORMED,
  STATUS_NOT_HTTP1,
} from "./abi";
import * as header from "./http1/header-line";
import * as start from "./http1/start-line";
import * as state from "./http1/states";
import { SLOT_COUNT, STAGING_SIZE } from "./limits";
import { wipe } from "./scan";

/** Redact the next `length` bytes of the stream `index` at `p` in staging; returns its status. */
export function redact(index: u32, p: usize, length: u32): u32 {
  if (index >= SLOT_COUNT || length > STAGING_SIZE) return STATUS_BAD_CALL;
  if (p < STAGING_PTR || p > STAGING_PTR + STAGING_SIZE - length) return STATUS_BAD_CALL;
  return redactStream(slotAt(index), p, p + length);
}

/** Forget the stream: the slot is as fresh as at the start. False when there is no such slot. */
export function reset(index: u32): bool {
  if (index >= SLOT_COUNT) return false;
  memory.fill(slotAt(index), 0, SLOT_SIZE);
  return true;
}

@inline
export function slotAt(index: u32): usize {
  return SLOTS_PTR + <usize>index * SLOT_SIZE;
}

export function redactStream(slot: usize, p: usize, end: usize): u32 {
  state.setUndecidedFrom(slot, p);
  while (p < end) p = step(slot, p, end);
  if (state.isUndecided(slot)) wipe(state.undecidedFrom(slot), end);
  state.setUndecidedFrom(slot, 0);
  return statusOf(state.stateOf(slot));
}

/** One element of the grammar, or as much of it as [p, end) holds; returns where the next begins. */
function step(slot: usize, p: usize, end: usize): usize {
  switch (state.stateOf(slot)) {
    case state.START: return start.atStart(slot, p);
    case state.START_LF: return start.atStartLf(slot, p);
    case state.START_WORD: return start.inStartWord(slot, p, end);
    case state.TARGET: return start.atTarget(slot, p);
    case state.SCHEME: return start.inScheme(slot, p, end);
    case state.AUTHORITY: return start.inAuthority(slot, p, end);
    case state.PATH: return start.afterPath(slot, start.pathEnd(p, end), end);
    case state.PARAMETER: return start.inParameter(slot, p, end);
    case state.QUERY: return start.inQuery(slot, p, end);
    case state.AFTER_ASTERISK: return start.afterAsterisk(slot, p);
    case state.VERSION: return start.inVersion(slot, p, end);
    case state.STATUS_CODE: return start.inStatusCode(slot, p, end);
    case state.AFTER_STATUS_CODE: return start.afterStatusCode(slot, p, end);
    case state.REASON: return start.inReason(slot, p, end);
    case state.LINE_END: return header.endLine(slot, p, end);
    case state.LINE_LF: return header.atLineLf(slot, p);
    case state.LINE_START: return header.atLineStart(slot, p, end);
    case state.NAME: return header.inName(slot, p, end);
    case state.VALUE_KEPT:
    case state.CONTENT_LENGTH:
    case state.TRANSFER_CODING:
    case state.UPGRADE: return header.inValueKept(slot, p, end);
    case state.VALUE_DROPPED: return header.inValueDropped(slot, p, end);
    case state.MEDIA_TYPE: return header.inMediaType(slot, p, end);
    case state.TRACEPARENT: return header.inTraceparent(slot, p, end);
    case state.HEAD_LF: return header.atHeadLf(slot, p);
    default:
      wipe(p, end);
      return end;
  }
}

function statusOf(at: u8): u32 {
  if (at <= state.SCHEME) return STATUS_DETECTING;
  if (at == state.BODY) return STATUS_BODY;
  if (at == state.MALFORMED) return STATUS_MALFORMED;
  return at == state.NOT_HTTP1 ? STATUS_NOT_HTTP1 : STATUS_HEAD;
}
