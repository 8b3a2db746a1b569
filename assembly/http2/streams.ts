/**
 * The open streams of a connection: pending calls, found by stream through a hash of 64 buckets.
 * Its key is the time the connection was first seen, so that a peer cannot choose streams that
 * all fall into one bucket.
 *
 * Of a call the protocol's own: u16 CALL_OWN_16 STREAM_*, u32 [3] CALL_OWN { next of the bucket,
 * HTTP status, gRPC status }, CALL_OWN_BYTES the message counters of request and response.
 */
import {
  CALL_KEY,
  CALL_OWN,
  CALL_OWN_16,
  CALL_OWN_BYTES,
  NOTE_EVICTED,
  dropCall,
  firstCall,
  giveUp,
  openCall,
} from "../core/call";
import { CONN_PENDING_COUNT, PROTO_HTTP2 } from "../core/conn-layout";
import { PENDING_MAX } from "../core/limits";
import { at, blockOf } from "../core/pool";
import { MESSAGE_COUNTER_SIZE } from "../grpc/messages";
import { SESSION_KEY, bucketsOf, sessionOf } from "./state";

/** The final response head was seen. */
export const STREAM_ANSWERED: u16 = 1;
export const STREAM_GRPC: u16 = 2;
/** The request said what it is: no media type of the response changes it. */
export const STREAM_TYPE_KNOWN: u16 = 4;
export const STREAM_GRPC_STATUS: u16 = 8;
/** What would tell the status may have been missed: none is made up. */
export const STREAM_STATUS_UNKNOWN: u16 = 16;
/** gRPC-Web: the status is in the body. */
export const STREAM_WEB: u16 = 32;

export const STREAM_HTTP_STATUS: usize = CALL_OWN + 4;
export const STREAM_GRPC_CODE: usize = CALL_OWN + 8;
const NEXT: usize = CALL_OWN;

const BUCKET_BITS: u32 = 6;

@inline
function bucketOf(conn: usize, stream: u32): usize {
  const mixed = stream * load<u32>(sessionOf(conn), SESSION_KEY);
  return bucketsOf(conn) + (<usize>(mixed >> (32 - BUCKET_BITS)) << 2);
}

@inline
export function streamFlags(call: usize): u16 {
  return load<u16>(call, CALL_OWN_16);
}

export function addStreamFlags(call: usize, flags: u16): void {
  store<u16>(call, load<u16>(call, CALL_OWN_16) | flags, CALL_OWN_16);
}

/** The message counter of one direction of the call. */
export function messagesOf(call: usize, isRequest: bool): usize {
  return call + CALL_OWN_BYTES + (isRequest ? 0 : MESSAGE_COUNTER_SIZE);
}

/** The open call of the stream, 0 when there is none. */
export function findStream(conn: usize, stream: u32): usize {
  let block = load<u32>(bucketOf(conn, stream));
  while (block != 0) {
    const call = at(block);
    if (load<u32>(call, CALL_KEY) == stream) return call;
    block = load<u32>(call, NEXT);
  }
  return 0;
}

/** A new call; the oldest is given up when there are too many. 0 when no block is left. */
export function openStream(conn: usize, stream: u32): usize {
  if (load<u32>(conn, CONN_PENDING_COUNT) >= PENDING_MAX) {
    const oldest = firstCall(conn);
    forgetStream(conn, oldest);
    giveUp(conn, oldest, NOTE_EVICTED);
  }
  const call = openCall(conn, PROTO_HTTP2);
  if (call != 0) addStream(conn, call, stream);
  return call;
}

export function addStream(conn: usize, call: usize, stream: u32): void {
  const bucket = bucketOf(conn, stream);
  store<u32>(call, stream, CALL_KEY);
  store<u32>(call, load<u32>(bucket), NEXT);
  store<u32>(bucket, blockOf(call));
}

/** Takes the call out of the hash, before it is emitted, given up or dropped. */
export function forgetStream(conn: usize, call: usize): void {
  const own = blockOf(call);
  let slot = bucketOf(conn, load<u32>(call, CALL_KEY));
  for (let block = load<u32>(slot); block != 0; block = load<u32>(slot)) {
    if (block == own) {
      store<u32>(slot, load<u32>(call, NEXT));
      return;
    }
    slot = at(block) + NEXT;
  }
}

/** Forgets all: they were taken for what they are not. */
export function dropStreams(conn: usize): void {
  for (let call = firstCall(conn); call != 0; call = firstCall(conn)) {
    forgetStream(conn, call);
    dropCall(conn, call);
  }
}
