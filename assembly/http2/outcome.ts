/**
 * How calls end: complete, reset, never acted on, or cut. RFC 9113 5.4.2, 6.4 and 6.8; the status
 * of gRPC is assembly/grpc/status.ts.
 */
import {
  CALL_ERROR,
  CALL_KEY,
  CALL_NOTES,
  NOTE_REQUEST_GAP,
  NOTE_RESET,
  NOTE_RESPONSE_GAP,
  NOTE_STATUS_FROM_HTTP,
  NOTE_TRUNCATED,
  NOTE_UNKNOWN_FIELD,
  emitCall,
  firstCall,
  giveUp,
  nextCall,
  note,
  setStatusNumber,
} from "../core/call";
import { errorStatusFrom } from "../core/ctx";
import { hasRow } from "../core/out";
import { grpcStatusOfHttp, grpcStatusOfReset } from "../grpc/status";
import {
  STREAM_ANSWERED,
  STREAM_GRPC,
  STREAM_GRPC_CODE,
  STREAM_GRPC_STATUS,
  STREAM_HTTP_STATUS,
  STREAM_STATUS_UNKNOWN,
  STREAM_WEB,
  findStream,
  forgetStream,
  streamFlags,
} from "./streams";

/** The response ended in order. */
export function complete(conn: usize, call: usize): void {
  const flags = streamFlags(call);
  const status = load<u32>(call, STREAM_HTTP_STATUS);
  if (flags & STREAM_GRPC) {
    if (flags & STREAM_GRPC_STATUS) {
      setGrpcStatus(call, load<u32>(call, STREAM_GRPC_CODE));
    } else if (isStatusHidden(call)) {
      note(call, NOTE_UNKNOWN_FIELD);
    } else {
      note(call, NOTE_STATUS_FROM_HTTP);
      setGrpcStatus(call, grpcStatusOfHttp(status));
    }
  } else {
    setHttpStatus(call, status);
  }
  forgetStream(conn, call);
  emitCall(conn, call);
}

/** What tells the gRPC status may be where it was not seen: none is made up. */
function isStatusHidden(call: usize): bool {
  if (load<u32>(call, CALL_NOTES) & NOTE_RESPONSE_GAP) return true;
  const flags = streamFlags(call);
  if (flags & STREAM_WEB) return load<u32>(call, STREAM_HTTP_STATUS) == 200;
  return (flags & STREAM_STATUS_UNKNOWN) != 0;
}

function setGrpcStatus(call: usize, status: u32): void {
  setStatusNumber(call, <i32>status);
  store<u8>(call, status != 0 ? 1 : 0, CALL_ERROR);
}

function setHttpStatus(call: usize, status: u32): void {
  if (status == 0) {
    note(call, NOTE_UNKNOWN_FIELD);
    return;
  }
  setStatusNumber(call, <i32>status);
  if (status >= errorStatusFrom()) store<u8>(call, 1, CALL_ERROR);
}

/** RST_STREAM of either side: the call is over, and an error. */
export function onReset(conn: usize, stream: u32, code: u32): void {
  const call = findStream(conn, stream);
  if (call == 0) return;
  const flags = streamFlags(call);
  const isGrpc = (flags & STREAM_GRPC) != 0;
  forgetStream(conn, call);
  if (isGrpc) {
    const own = (flags & STREAM_GRPC_STATUS) != 0;
    setGrpcStatus(call, own ? load<u32>(call, STREAM_GRPC_CODE) : grpcStatusOfReset(code));
  } else if (flags & STREAM_ANSWERED) {
    setHttpStatus(call, load<u32>(call, STREAM_HTTP_STATUS));
  }
  store<u8>(call, 1, CALL_ERROR);
  if (isGrpc || (flags & STREAM_ANSWERED) != 0) {
    note(call, NOTE_RESET);
    emitCall(conn, call);
  } else {
    giveUp(conn, call, NOTE_RESET);
  }
}

/** GOAWAY of the server: it never acted on streams above `last`. At most PENDING_MAX steps. */
export function onGoaway(conn: usize, last: u32): void {
  for (let call = firstCall(conn); call != 0; ) {
    const following = nextCall(call);
    const stream = load<u32>(call, CALL_KEY);
    if (stream > last && (stream & 1) != 0) {
      forgetStream(conn, call);
      store<u8>(call, 1, CALL_ERROR);
      giveUp(conn, call, NOTE_RESET);
    }
    call = following;
  }
}

/** No more responses will come: those that began are what is known of theirs. */
export function emitAnswered(conn: usize): void {
  for (let call = firstCall(conn); call != 0 && hasRow(); ) {
    const following = nextCall(call);
    const flags = streamFlags(call);
    if (flags & STREAM_ANSWERED) {
      note(call, NOTE_TRUNCATED);
      if ((flags & STREAM_GRPC) == 0) setHttpStatus(call, load<u32>(call, STREAM_HTTP_STATUS));
      if (flags & STREAM_GRPC_STATUS) setGrpcStatus(call, load<u32>(call, STREAM_GRPC_CODE));
      forgetStream(conn, call);
      emitCall(conn, call);
    }
    call = following;
  }
}

/** Frames of either direction are missing, nobody knows of which streams. */
export function onHole(conn: usize, isRequest: bool): void {
  const hole = isRequest ? NOTE_REQUEST_GAP : NOTE_RESPONSE_GAP;
  for (let call = firstCall(conn); call != 0; call = nextCall(call)) note(call, hole);
}
