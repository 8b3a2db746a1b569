/**
 * Frame heads, RFC 9113 4.1 and 6:
 *
 *   Length(24) Type(8) Flags(8) Reserved(1) Stream Identifier(31)
 */
export const HEAD_BYTES: u32 = 9;

export const DATA: u8 = 0;
export const HEADERS: u8 = 1;
export const PRIORITY: u8 = 2;
export const RST_STREAM: u8 = 3;
export const SETTINGS: u8 = 4;
export const PUSH_PROMISE: u8 = 5;
export const PING: u8 = 6;
export const GOAWAY: u8 = 7;
export const WINDOW_UPDATE: u8 = 8;
export const CONTINUATION: u8 = 9;

export const END_STREAM: u8 = 0x1;
export const ACK: u8 = 0x1;
export const END_HEADERS: u8 = 0x4;
export const PADDED: u8 = 0x8;
export const WITH_PRIORITY: u8 = 0x20;

/** SETTINGS_MAX_FRAME_SIZE before anybody says otherwise. */
const LENGTH_DEFAULT: u32 = 16384;
/**
 * Peers may allow each other frames of up to 2^24 - 1 bytes, and use it for DATA. Nothing else
 * comes near this; what seems to is no frame.
 */
const LENGTH_MAX: u32 = 1 << 20;
/** Far more settings than are registered. */
const SETTINGS_BYTES_MAX: u32 = 240;

@inline export function frameLength(head: usize): u32 { return bswap<u32>(load<u32>(head)) >> 8; }
@inline export function frameType(head: usize): u8 { return load<u8>(head, 3); }
@inline export function frameFlags(head: usize): u8 { return load<u8>(head, 4); }
/** Without the reserved bit, which a recipient ignores. */
@inline export function frameStream(head: usize): u32 {
  return bswap<u32>(load<u32>(head, 5)) & 0x7fffffff;
}

/** Bytes behind the pad length and before the body that a frame is read by. */
export function prefixOf(type: u8, flags: u8): u32 {
  switch (type) {
    case HEADERS: return flags & WITH_PRIORITY ? 5 : 0;
    case PUSH_PROMISE:
    case RST_STREAM: return 4;
    case GOAWAY: return 8;
    default: return 0;
  }
}

@inline
export function isPadded(type: u8, flags: u8): bool {
  return (flags & PADDED) != 0 && (type == DATA || type == HEADERS || type == PUSH_PROMISE);
}

@inline
export function isFragment(type: u8): bool {
  return type == HEADERS || type == PUSH_PROMISE || type == CONTINUATION;
}

/** Types from there on are of extensions: nothing of such a frame is read. */
@inline
export function isKnown(type: u8): bool {
  return type <= CONTINUATION;
}

/** Whether a head keeps to the sizes and streams of its type; if not the connection is broken. */
export function isValid(head: usize): bool {
  const length = frameLength(head);
  const type = frameType(head);
  const flags = frameFlags(head);
  const stream = frameStream(head);
  if (length < prefixOf(type, flags) + <u32>isPadded(type, flags)) return false;
  if (type != DATA && length > LENGTH_MAX) return false;
  switch (type) {
    case DATA:
    case HEADERS:
    case PUSH_PROMISE:
    case CONTINUATION: return stream != 0;
    case PRIORITY: return stream != 0 && length == 5;
    case RST_STREAM: return stream != 0 && length == 4;
    case SETTINGS: return stream == 0 && (flags & ACK ? length == 0 : length % 6 == 0);
    case PING: return stream == 0 && length == 8;
    case GOAWAY: return stream == 0;
    case WINDOW_UPDATE: return length == 4;
    default: return true;
  }
}

/**
 * Whether `have` bytes at `head` begin what is likely a frame head, where nothing else tells that
 * there is one: a registered type, its own flags alone, a default size, a stream of a client. A
 * CONTINUATION is none: it says nothing without what came before it.
 */
export function isLikely(head: usize, have: u32): bool {
  if (have > 0 && load<u8>(head) != 0) return false;
  if (have > 1 && load<u8>(head, 1) > 0x40) return false;
  if (have > 2 && frameLength(head) > LENGTH_DEFAULT) return false;
  if (have > 3 && !isKnown(frameType(head))) return false;
  if (have > 4 && !hasOwnFlags(head)) return false;
  if (have > 5 && load<u8>(head, 5) != 0) return false;
  if (have < HEAD_BYTES) return true;
  const stream = frameStream(head);
  if ((stream != 0 && (stream & 1) == 0) || frameType(head) == CONTINUATION) return false;
  return isValid(head) && (frameType(head) != SETTINGS || frameLength(head) <= SETTINGS_BYTES_MAX);
}

/**
 * The same where a head is searched for: one that begins a header block has to end it too. Behind
 * a guess no byte may wait for more of them.
 */
export function isAnchor(head: usize, have: u32): bool {
  if (!isLikely(head, have)) return false;
  return have < 5 || !isFragment(frameType(head)) || (frameFlags(head) & END_HEADERS) != 0;
}

function hasOwnFlags(head: usize): bool {
  const flags = frameFlags(head);
  switch (frameType(head)) {
    case DATA:
      // An empty one only says that the stream ends; zeros are no frame.
      return (flags & ~(END_STREAM | PADDED)) == 0 && (flags != 0 || frameLength(head) > 0);
    case HEADERS: return (flags & ~(END_STREAM | END_HEADERS | PADDED | WITH_PRIORITY)) == 0;
    case PUSH_PROMISE: return (flags & ~(END_HEADERS | PADDED)) == 0;
    case CONTINUATION: return (flags & ~END_HEADERS) == 0;
    case SETTINGS:
    case PING: return (flags & ~ACK) == 0;
    default: return flags == 0;
  }
}
