/**
 * The layer of a packet that is looked at: where its bytes begin and end, and how many there
 * really are, which is more than were captured when the packet was cut. Kept in CTX_CAPTURE,
 * 128..255. Also the addresses of the innermost IP header, and whether a packet is taken again.
 *
 * A decoder looks at the bytes from `at()`, moves on with `skip`, and returns what comes next: an
 * EtherType, LAYER_IP + protocol, LAYER_LINK + link type, or one of the ends below. Every decoder
 * moves by at least one byte or ends.
 */
import { CTX_CAPTURE } from "../core/ctx";
import { count } from "../core/counters";
import { CTX } from "../core/memory";

export const LAYER_IP: i32 = 0x10000;
export const LAYER_LINK: i32 = 0x20000;
/** Nothing that is ours, or cut before it could be told. */
export const END_OTHER: i32 = -1;
/** Taken, whole. */
export const END_TAKEN: i32 = -2;
/** The output is full: the packet comes again. */
export const END_AGAIN: i32 = -3;

export const IP_TCP: u8 = 6;
export const IP_UDP: u8 = 17;

const AT: usize = CTX_CAPTURE + 128;
const END: usize = CTX_CAPTURE + 132;
const REAL: usize = CTX_CAPTURE + 136;
const FAMILY: usize = CTX_CAPTURE + 140;
const RETAKEN: usize = CTX_CAPTURE + 144;
/** Addresses of 16 bytes, IPv4 in the first four and zeros behind. */
export const SOURCE: usize = CTX + CTX_CAPTURE + 160;
export const DESTINATION: usize = CTX + CTX_CAPTURE + 176;

/** First byte of the layer. */
@inline export function at(): usize { return load<u32>(CTX, AT); }
/** End of the captured bytes. */
@inline export function end(): usize { return load<u32>(CTX, END); }
/** Captured bytes of the layer. */
@inline export function left(): u32 { return load<u32>(CTX, END) - load<u32>(CTX, AT); }
/** Bytes the layer really has; at least `left()`. */
@inline export function real(): u32 { return load<u32>(CTX, REAL); }

@inline export function family(): u8 { return load<u8>(CTX, FAMILY); }
@inline export function setFamily(value: u8): void { store<u8>(CTX, value, FAMILY); }

/** The packet was begun before, and the output was full: it is not counted again. */
@inline export function isRetaken(): bool { return load<u32>(CTX, RETAKEN) != 0; }
@inline export function setRetaken(value: bool): void { store<u32>(CTX, value ? 1 : 0, RETAKEN); }

/** Counts once for each packet, however often it is taken. */
@inline
export function tally(counter: u32, by: u64 = 1): void {
  if (!isRetaken()) count(counter, by);
}

export function setLayer(p: usize, captured: u32, size: u32): void {
  store<u32>(CTX, <u32>p, AT);
  store<u32>(CTX, <u32>p + captured, END);
  store<u32>(CTX, max(captured, size), REAL);
}

/** Moves on by `size` bytes; false when so many were not captured. */
@inline
export function skip(size: u32): bool {
  if (left() < size) return false;
  store<u32>(CTX, load<u32>(CTX, AT) + size, AT);
  store<u32>(CTX, load<u32>(CTX, REAL) - size, REAL);
  return true;
}

/** The layer says that it has `size` bytes from here: what is behind them is padding. */
@inline
export function limit(size: u32): void {
  if (size >= real()) return;
  store<u32>(CTX, size, REAL);
  if (size < left()) store<u32>(CTX, load<u32>(CTX, AT) + size, END);
}

/**
 * The layer has `size` bytes from here, be it more than the frame says it had: some tools cut
 * packets and do not tell.
 */
@inline
export function measure(size: u32): void {
  if (size < left()) store<u32>(CTX, load<u32>(CTX, AT) + size, END);
  store<u32>(CTX, size, REAL);
}

/** Numbers in network order. SAFETY: the caller checked `left()`. */
@inline
export function be16(p: usize): u32 {
  return bswap<u16>(load<u16>(p));
}

@inline
export function be32(p: usize): u32 {
  return bswap<u32>(load<u32>(p));
}
