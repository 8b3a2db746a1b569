/**
 * What frames mean for calls, RFC 9113 8.1 and gRPC over HTTP/2.
 *
 *   request  = HEADERS DATA* [ HEADERS ]             from the client, or promised by the server
 *   response = HEADERS(1xx)* HEADERS DATA* [ HEADERS ]
 *
 * A call is complete when its response ends. What fields could not tell stays empty and is noted.
 */
import {
  CALL_FLAGS,
  CALL_FLAG_METHOD_IS_RESOURCE,
  CALL_FLAG_TRACE,
  CALL_PROTOCOL,
  CALL_REQUEST_NS,
  CALL_RESPONSE_NS,
  CALL_TRACE_ID,
  NOTE_INTERIM,
  NOTE_MALFORMED,
  NOTE_PUSHED,
  NOTE_TRAILERS_ONLY,
  NOTE_UNKNOWN_FIELD,
  addRequestBytes,
  addResource,
  addResponseBytes,
  note,
  setMethod,
} from "../core/call";
import { PROTO_GRPC } from "../core/conn-layout";
import { COUNT_RESPONSES_ORPHANED, count } from "../core/counters";
import { TRACE_BYTES } from "../core/traceparent";
import {
  SEEN_BROKEN,
  SEEN_CONTENT_TYPE,
  SEEN_GRPC_STATUS,
  SEEN_METHOD,
  SEEN_STATUS,
  SEEN_TRACEPARENT,
  SEEN_UNKNOWN,
  fieldGrpcStatus,
  fieldMethod,
  fieldPathLength,
  fieldStatus,
  fieldTrace,
  fieldType,
  seen,
} from "../hpack/fields";
import { methodName } from "../hpack/methods";
import { PATH_AT } from "../hpack/places";
import { TYPE_GRPC_WEB, TYPE_OTHER } from "../hpack/values";
import { complete } from "./outcome";
import { SESSION_STREAM, sessionOf } from "./state";
import {
  STREAM_ANSWERED,
  STREAM_GRPC,
  STREAM_GRPC_CODE,
  STREAM_GRPC_STATUS,
  STREAM_HTTP_STATUS,
  STREAM_STATUS_UNKNOWN,
  STREAM_TYPE_KNOWN,
  STREAM_WEB,
  addStreamFlags,
  findStream,
  openStream,
  streamFlags,
} from "./streams";

/** A header block of the client: a new request, or the trailers of one. */
export function onRequestBlock(conn: usize, stream: u32, ns: u64, bytes: u32): void {
  let call = findStream(conn, stream);
  if (call == 0) {
    const session = sessionOf(conn);
    const isNew = stream > load<u32>(session, SESSION_STREAM);
    // Fields that are missing may have been those of a request, but not of one that is over.
    const isRequest = seen(SEEN_METHOD) || (isNew && seen(SEEN_UNKNOWN | SEEN_BROKEN));
    if (!isRequest || (stream & 1) == 0) return;
    if (isNew) store<u32>(session, stream, SESSION_STREAM);
    call = beginCall(conn, stream, ns);
    if (call == 0) return;
  }
  addRequestBytes(call, bytes);
}

/** A promise of the server is a request that nobody made. */
export function onPromise(conn: usize, stream: u32, ns: u64, bytes: u32): void {
  if ((stream & 1) != 0 || stream == 0 || findStream(conn, stream) != 0) return;
  const call = beginCall(conn, stream, ns);
  if (call == 0) return;
  note(call, NOTE_PUSHED);
  addRequestBytes(call, bytes);
}

/** A call with what its request's fields say; 0 when there is no room for it. */
function beginCall(conn: usize, stream: u32, ns: u64): usize {
  const call = openStream(conn, stream);
  if (call == 0) return 0;
  store<u64>(call, ns, CALL_REQUEST_NS);
  noteFields(call);
  if (seen(SEEN_METHOD)) {
    const name = methodName(fieldMethod());
    setMethod(call, name, load<u8>(name - 1));
  }
  addResource(conn, call, PATH_AT, fieldPathLength());
  if (seen(SEEN_TRACEPARENT) && (load<u64>(fieldTrace()) | load<u64>(fieldTrace(), 8)) != 0) {
    memory.copy(call + CALL_TRACE_ID, fieldTrace(), TRACE_BYTES);
    store<u8>(call, load<u8>(call, CALL_FLAGS) | CALL_FLAG_TRACE, CALL_FLAGS);
  }
  if (seen(SEEN_CONTENT_TYPE)) {
    addStreamFlags(call, STREAM_TYPE_KNOWN);
    if (fieldType() != TYPE_OTHER) becomeGrpc(call);
    if (fieldType() == TYPE_GRPC_WEB) addStreamFlags(call, STREAM_WEB);
  }
  return call;
}

function becomeGrpc(call: usize): void {
  addStreamFlags(call, STREAM_GRPC | STREAM_TYPE_KNOWN);
  store<u8>(call, PROTO_GRPC, CALL_PROTOCOL);
  store<u8>(call, load<u8>(call, CALL_FLAGS) | CALL_FLAG_METHOD_IS_RESOURCE, CALL_FLAGS);
}

function noteFields(call: usize): void {
  if (seen(SEEN_UNKNOWN)) note(call, NOTE_UNKNOWN_FIELD);
  if (seen(SEEN_BROKEN)) note(call, NOTE_MALFORMED);
}

/** A header block of the server: an interim or the final head of the response, or its trailers. */
export function onResponseBlock(
  conn: usize,
  stream: u32,
  ns: u64,
  bytes: u32,
  endsStream: bool,
): void {
  const call = findStream(conn, stream);
  if (call == 0) {
    if (seen(SEEN_STATUS)) count(COUNT_RESPONSES_ORPHANED);
    return;
  }
  noteFields(call);
  const isFirst = (streamFlags(call) & STREAM_ANSWERED) == 0;
  if (isFirst && !endsStream && fieldStatus() >= 100 && fieldStatus() < 200) {
    note(call, NOTE_INTERIM);
    return;
  }
  if (load<u64>(call, CALL_RESPONSE_NS) == 0) store<u64>(call, ns, CALL_RESPONSE_NS);
  addResponseBytes(call, bytes);
  if (isFirst) takeResponseHead(call);
  if (seen(SEEN_GRPC_STATUS)) {
    if ((streamFlags(call) & STREAM_TYPE_KNOWN) == 0) becomeGrpc(call);
    addStreamFlags(call, STREAM_GRPC_STATUS);
    store<u32>(call, fieldGrpcStatus(), STREAM_GRPC_CODE);
  } else if (seen(SEEN_UNKNOWN | SEEN_BROKEN)) {
    addStreamFlags(call, STREAM_STATUS_UNKNOWN);
  }
  if (!endsStream) return;
  if (isFirst && (streamFlags(call) & STREAM_GRPC) != 0) note(call, NOTE_TRAILERS_ONLY);
  complete(conn, call);
}

function takeResponseHead(call: usize): void {
  addStreamFlags(call, STREAM_ANSWERED);
  store<u32>(call, fieldStatus(), STREAM_HTTP_STATUS);
  // A request joined in the middle may not have said that it is gRPC; the response does.
  if (fieldType() != TYPE_OTHER && (streamFlags(call) & STREAM_TYPE_KNOWN) == 0) becomeGrpc(call);
}
