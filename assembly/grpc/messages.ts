/**
 * Counts the messages of one direction of a call, gRPC over HTTP/2:
 *
 *   Length-Prefixed-Message = Compressed-Flag(1) Message-Length(4, big-endian) Message
 *
 * A counter is 12 bytes: { u32 messages, u32 bytes left of this one, u8 place }.
 */
export const MESSAGE_COUNTER_SIZE: usize = 12;
const LEFT: usize = 4;
const PLACE: usize = 8;

// Bytes of the prefix seen, 0 to 4, or
const IN_MESSAGE: u8 = 5;
/** A gap hid where messages begin: no more is counted. */
const LOST: u8 = 6;

/** The next bytes of the data; steps are messages, each at least 5 bytes. */
export function countMessages(counter: usize, p: usize, end: usize): void {
  let place = load<u8>(counter, PLACE);
  let left = load<u32>(counter, LEFT);
  while (p < end && place != LOST) {
    if (place == IN_MESSAGE) {
      const part = min(left, <u32>(end - p));
      left -= part;
      p += part;
    } else {
      left = place == 0 ? 0 : (left << 8) | load<u8>(p);
      p++;
      place++;
      if (place == IN_MESSAGE) store<u32>(counter, load<u32>(counter) + 1);
    }
    if (place == IN_MESSAGE && left == 0) place = 0;
  }
  store<u32>(counter, left, LEFT);
  store<u8>(counter, place, PLACE);
}

/** `size` bytes of the data are missing. */
export function skipMessageBytes(counter: usize, size: u32): void {
  const left = load<u32>(counter, LEFT);
  if (load<u8>(counter, PLACE) != IN_MESSAGE || size > left) {
    store<u8>(counter, LOST, PLACE);
    return;
  }
  store<u32>(counter, left - size, LEFT);
  if (size == left) store<u8>(counter, 0, PLACE);
}
