/**
 * One connection, CONN_SIZE bytes. Side 0 is whoever spoke first (captures: the sender of the SYN
 * or of the first packet seen; live: the client); CONN_CLIENT tells which side is the client.
 *
 *    0  u8   protocol: PROTO_*
 *    1  u8   flags: CONN_FLAG_*
 *    2  u8   side that is the client, 0 or 1
 *    3  u8   transport: 6 TCP, 17 UDP
 *    4  u8   address family: 4 or 6
 *    5  u8   sides that are finished: bit 0, bit 1
 *    8  u32  first pending call (block), 12 u32 last, 16 u32 how many
 *   20  u32  blocks held, all kinds
 *   24  u32  notes that every call of the connection carries
 *   28  u32  [2] block with the bytes held for detection
 *   36  u16  [2] how many
 *   40  u32  less recently used, 44 u32 more recently used connection (index + 1, 0 none)
 *   48  u32  next in the hash bucket (index + 1)
 *   52  u16  [2] port of each side
 *   56  u8   [2][16] address of each side; IPv4 in the first four bytes
 *   88  u32  the protocol's own: a block, an index
 *   92  u32  the protocol's own
 *   96  u64  [2] payload bytes from each side
 *  112  u32  [2] packets from each side
 *  120  u64  time of the first, 128 u64 of the last packet
 *  136  u32  generation: changes when the slot is used anew
 *  140  u32  reserved
 *  144  u8   [2][56] state of each direction, the protocol's own; byte 0 is 0 in a fresh one
 */
export const CONN_PROTOCOL: usize = 0;
export const CONN_FLAGS: usize = 1;
export const CONN_CLIENT: usize = 2;
export const CONN_TRANSPORT: usize = 3;
export const CONN_FAMILY: usize = 4;
export const CONN_FINISHED: usize = 5;
export const CONN_PENDING_FIRST: usize = 8;
export const CONN_PENDING_LAST: usize = 12;
export const CONN_PENDING_COUNT: usize = 16;
export const CONN_BLOCKS: usize = 20;
export const CONN_NOTES: usize = 24;
export const CONN_HELD: usize = 28;
export const CONN_HELD_LENGTH: usize = 36;
export const CONN_OLDER: usize = 40;
export const CONN_NEWER: usize = 44;
export const CONN_HASH_NEXT: usize = 48;
export const CONN_PORT: usize = 52;
export const CONN_ADDRESS: usize = 56;
export const CONN_OWN: usize = 88;
export const CONN_OWN_2: usize = 92;
export const CONN_BYTES: usize = 96;
export const CONN_PACKETS: usize = 112;
export const CONN_FIRST_NS: usize = 120;
export const CONN_LAST_NS: usize = 128;
export const CONN_GENERATION: usize = 136;
export const CONN_DIRECTION: usize = 144;
export const DIRECTION_SIZE: usize = 56;

export const CONN_FLAG_CLIENT_KNOWN: u8 = 1;
export const CONN_FLAG_ENCRYPTED: u8 = 2;
/** The beginning of the connection was not seen. */
export const CONN_FLAG_MID_JOIN: u8 = 4;
/** In use: listed in the hash table (captures) or handed out by the host (live). */
export const CONN_FLAG_USED: u8 = 8;
/** A call of it was emitted: the guess of its protocol is proven. */
export const CONN_FLAG_PROVEN: u8 = 16;

export const PROTO_NONE: u8 = 0;
/** Nothing known, or known to be nothing of ours: everything dies. */
export const PROTO_DEAD: u8 = 1;
export const PROTO_HTTP1: u8 = 2;
export const PROTO_HTTP2: u8 = 3;
export const PROTO_DNS: u8 = 4;
export const PROTO_KAFKA: u8 = 5;
/** Only as the protocol of a call: HTTP/2 that carries gRPC. */
export const PROTO_GRPC: u8 = 6;

@inline
export function direction(conn: usize, side: u32): usize {
  return conn + CONN_DIRECTION + <usize>side * DIRECTION_SIZE;
}

@inline
export function isClient(conn: usize, side: u32): bool {
  return side == <u32>load<u8>(conn, CONN_CLIENT);
}

@inline
export function port(conn: usize, side: u32): u32 {
  return load<u16>(conn + CONN_PORT + <usize>side * 2);
}
