/** HTTP/1 goes on as HTTP/2 over cleartext TCP, RFC 7540 3.2: the request is stream 1. */
import {
  CALL_FLAGS,
  CALL_KEY,
  CALL_METHOD,
  CALL_METHOD_LENGTH,
  CALL_METHOD_SIZE,
  CALL_REQUEST_BYTES,
  CALL_REQUEST_END_NS,
  CALL_REQUEST_NS,
  CALL_RESOURCE,
  CALL_TRACE_ID,
  NOTE_UPGRADED,
  firstCall,
  giveUp,
  note,
  openCall,
} from "../core/call";
import { PROTO_HTTP2 } from "../core/conn-layout";
import { WORK } from "../core/memory";
import { append, copyOut } from "../core/text";
import { wipe } from "../scan";
import { callOf } from "./direction";
import { CALL_IS_ORPHAN, callHas, emitResponse, release } from "./message-call";

/**
 * What was said of the call in HTTP/1 is emitted, and a pending call of the same request takes its
 * place, with the number of its stream as key.
 */
export function continueAsStream(conn: usize, slot: usize): void {
  const call = callOf(slot);
  const hasRequest = call != 0 && !callHas(call, CALL_IS_ORPHAN);
  const stream: usize = hasRequest ? openCall(conn, PROTO_HTTP2) : 0;
  if (stream != 0) copyRequest(conn, call, stream);
  emitResponse(conn, slot, NOTE_UPGRADED);
  for (let other = firstCall(conn); other != 0 && other != stream; other = firstCall(conn)) {
    release(conn, other);
    giveUp(conn, other, NOTE_UPGRADED);
  }
}

function copyRequest(conn: usize, call: usize, stream: usize): void {
  store<u32>(stream, 1, CALL_KEY);
  store<u64>(stream, load<u64>(call, CALL_REQUEST_NS), CALL_REQUEST_NS);
  store<u64>(stream, load<u64>(call, CALL_REQUEST_END_NS), CALL_REQUEST_END_NS);
  store<u64>(stream, load<u64>(call, CALL_REQUEST_BYTES), CALL_REQUEST_BYTES);
  store<u8>(stream, load<u8>(call, CALL_METHOD_LENGTH), CALL_METHOD_LENGTH);
  store<u8>(stream, load<u8>(call, CALL_FLAGS), CALL_FLAGS);
  memory.copy(stream + CALL_TRACE_ID, call + CALL_TRACE_ID, 24);
  memory.copy(stream + CALL_METHOD, call + CALL_METHOD, CALL_METHOD_SIZE);
  note(stream, NOTE_UPGRADED);
  const length = copyOut(call + CALL_RESOURCE, WORK);
  append(conn, stream + CALL_RESOURCE, WORK, length);
  wipe(WORK, WORK + length);
}
