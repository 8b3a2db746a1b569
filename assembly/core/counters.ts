/** What the module counts, by index; the host reads them all at once. Names: src/wasm/abi.ts. */
import { CTX } from "./memory";
import { CTX_COUNTERS } from "./ctx";

export const COUNT_CALLS: u32 = 0;
/** Calls whose response never came. */
export const COUNT_CALLS_UNANSWERED: u32 = 1;
/** Responses without a request that was seen. */
export const COUNT_RESPONSES_ORPHANED: u32 = 2;
/** Connections evicted to make room. */
export const COUNT_CONNS_EVICTED: u32 = 3;
/** Nothing was left in the pool, or the connection had its share. */
export const COUNT_BLOCKS_REFUSED: u32 = 4;
/** Streams that broke their grammar. */
export const COUNT_MALFORMED: u32 = 5;
/** Streams of no known protocol. */
export const COUNT_UNKNOWN: u32 = 6;
/** Holes in streams, and the known bytes of them. */
export const COUNT_GAPS: u32 = 7;
export const COUNT_GAP_BYTES: u32 = 8;
/** Guesses of a protocol that were withdrawn. */
export const COUNT_WITHDRAWN: u32 = 9;
/** Header blocks, names or frames beyond a bound. */
export const COUNT_OVER_LIMIT: u32 = 10;
/** Bytes looked at, and of them zeroed. */
export const COUNT_BYTES: u32 = 11;
export const COUNT_BYTES_REDACTED: u32 = 12;
/** Unanswered calls given up when no row was left for them. */
export const COUNT_CALLS_UNREPORTED: u32 = 13;
// Captures (net/).
export const COUNT_PACKETS: u32 = 16;
export const COUNT_PACKET_BYTES: u32 = 17;
export const COUNT_PACKETS_UNDECODED: u32 = 18;
export const COUNT_PACKETS_TRUNCATED: u32 = 19;
export const COUNT_FRAGMENTS: u32 = 20;
export const COUNT_FRAGMENTS_DROPPED: u32 = 21;
export const COUNT_TCP_SEGMENTS: u32 = 22;
export const COUNT_TCP_RETRANSMITTED: u32 = 23;
export const COUNT_TCP_OUT_OF_ORDER: u32 = 24;
/** Segments that were ignored: after a reset, or a reset out of the window. */
export const COUNT_TCP_DROPPED: u32 = 25;
export const COUNT_UDP_DATAGRAMS: u32 = 26;
/** pcapng blocks that hold no packet and say nothing of how to read one. */
export const COUNT_CAPTURE_BLOCKS_SKIPPED: u32 = 27;
/** Bytes that came too early, and were given up with their connection or found no room. */
export const COUNT_TCP_BYTES_DROPPED: u32 = 28;
export const COUNTERS: u32 = 64;

@inline
export function count(counter: u32, by: u64 = 1): void {
  const at = CTX + CTX_COUNTERS + <usize>counter * 8;
  store<u64>(at, load<u64>(at) + by);
}
