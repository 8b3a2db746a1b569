/**
 * What bytes look like: the head of a request, or a response to one that is pending.
 *
 *   request   size:int32  api key:int16  version:int16  correlation id:int32
 *             client id: length:int16 (-1 null), bytes          (not in ControlledShutdown v0)
 *   response  size:int32  correlation id:int32
 *
 * https://kafka.apache.org/protocol (Protocol Primitive Types, Request and Response Headers)
 */
import { CALL_KEY, firstCall, nextCall } from "../core/call";
import { CLIENT_ID_BYTES_MAX, FRAME_BYTES_MAX, RESYNC_CALLS, RESYNC_LOST_MAX } from "./limits";
import { KEY_CONTROLLED_SHUTDOWN, isKnown } from "./schema";
import { CLIENT_ID_LENGTH, LAST_CORRELATION, REQUEST_SEEN } from "./state";
import { isTopicByte } from "./topics";

/** Bytes of a request that are looked at: to the length of the client id. */
export const REQUEST_HEAD: u32 = 14;
export const RESPONSE_HEAD: u32 = 8;
/** No message has a size that begins with it. */
const SIZE_FIRST_BYTE_END: u8 = <u8>(FRAME_BYTES_MAX >> 24) + 1;

@inline
function int16At(p: usize): i32 {
  return <i16>bswap(load<u16>(p));
}

@inline
function int32At(p: usize): u32 {
  return bswap(load<u32>(p));
}

/** Whether the `have` bytes at `p`, at most REQUEST_HEAD, may begin a request. */
export function mayBeRequest(p: usize, have: u32): bool {
  if (have > 0 && load<u8>(p) >= SIZE_FIRST_BYTE_END) return false;
  // One byte of a key or a version tells already: none has more.
  if (have > 4 && load<u8>(p, 4) != 0) return false;
  if (have > 6 && load<u8>(p, 6) != 0) return false;
  if (have < 8) return true;
  const size = int32At(p);
  const key = <u32>load<u8>(p, 5);
  const version = <u32>load<u8>(p, 7);
  if (!isKnown(key, version)) return false;
  if (key == KEY_CONTROLLED_SHUTDOWN && version == 0) return size == 12;
  if (size < 10) return false;
  if (have < REQUEST_HEAD) return true;
  const length = int16At(p + 12);
  return length >= -1 && length <= CLIENT_ID_BYTES_MAX && size >= <u32>(10 + max(length, 0));
}

/** The same with what the connection tells: its client id and its correlation ids. */
export function mayBeNextRequest(shared: usize, p: usize, have: u32): bool {
  if (have > 0 && load<u8>(p) != 0) return false;
  if (!mayBeRequest(p, have)) return false;
  if (load<u8>(shared, REQUEST_SEEN) == 0 || have < 12) return true;
  const ahead = int32At(p + 8) - load<u32>(shared, LAST_CORRELATION);
  if (ahead == 0 || ahead > RESYNC_LOST_MAX) return false;
  if (have < REQUEST_HEAD) return true;
  return int16At(p + 12) == load<i32>(shared, CLIENT_ID_LENGTH);
}

/** Whether the `have` bytes at `p`, at most RESPONSE_HEAD, may begin a response that is due. */
export function mayBeResponse(conn: usize, p: usize, have: u32): bool {
  if (have > 0 && load<u8>(p) != 0) return false;
  if (have < 4) return true;
  if (int32At(p) < 4) return false;
  if (have == 4) return true;
  let call = firstCall(conn);
  for (let i: u32 = 0; i < RESYNC_CALLS && call != 0; i++) {
    if (begins(load<u32>(call, CALL_KEY), p + 4, have - 4)) return true;
    call = nextCall(call);
  }
  return false;
}

/** Whether the `have` bytes at `p` are the first ones of the number. */
function begins(number: u32, p: usize, have: u32): bool {
  const shift = 32 - have * 8;
  return ((int32At(p) ^ number) >> shift) == 0;
}

/**
 * A response to one of the first requests looks like the head of a Produce (API 0): its correlation
 * id is a small number. So the fields of a Produce must be there, up to the first topic:
 *
 *   transactional id  string or null, from version 3 on     acks:int16 of -1, 0, 1
 *   timeout:int32, not 0     topics: count, name: length, bytes
 *
 * 1 yes, 0 the bytes at hand do not tell, -1 no. `p` is behind the client id.
 */
export function looksLikeProduce(p: usize, end: usize, version: u32): i32 {
  const compact = version >= 9;
  if (compact) {
    if (p + 2 > end) return 0;
    if (load<u8>(p) != 0) return -1;
    p += 1 + <usize>max<u32>(load<u8>(p, 1), 1);
  } else if (version >= 3) {
    if (p + 2 > end) return 0;
    p += 2 + <usize>max(int16At(p), 0);
  }
  if (p + (compact ? 9 : 13) > end) return 0;
  const acks = int16At(p);
  if (acks < -1 || acks > 1 || int32At(p + 2) == 0) return -1;
  const topics = compact ? <u32>load<u8>(p, 6) : int32At(p + 6);
  const length = compact ? <u32>load<u8>(p, 7) : <u32>int16At(p + 10);
  const first = load<u8>(p + (compact ? 8 : 12));
  const least: u32 = compact ? 2 : 1;
  if (topics < least || topics > 0xffff || length < least || length > 255) return -1;
  return isTopicByte(first) ? 1 : -1;
}

/** What is seen of a client id has no control characters. */
export function isClientId(p: usize, end: usize): bool {
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}
