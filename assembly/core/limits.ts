/** Every bound of the parser module, with its unit and its reason. */

/** Connections at once; the contract's default of max_l7_conns. Evicted least recently used. */
export const CONN_COUNT: u32 = 8192;

/** Buckets of the connection table, a power of two: two for each connection. */
export const HASH_BUCKETS: u32 = 16384;

/** Blocks of 256 bytes, 32 MiB: 16 for each connection, shared by all. */
export const BLOCK_COUNT: u32 = 131072;

/** Blocks one connection may hold, 512 KiB: one hostile connection cannot take what 8191 need. */
export const CONN_BLOCKS_MAX: u32 = 2048;

/** Bytes the host hands over at once: a jumbo capture packet (262,144 snap length) and its block. */
export const INPUT_SIZE: u32 = 1 << 20;

/** Output rows of one call into the module. */
export const ROW_COUNT: u32 = 2048;

/** Bytes of the texts of those rows. */
export const TEXT_SIZE: u32 = 1 << 20;

/** Scratch bytes: the largest datagram, reassembled, and an HPACK header block. */
export const WORK_SIZE: u32 = 1 << 18;

/** Bytes of a resource (path, name, topics) that are kept; the rest is cut and noted. */
export const RESOURCE_BYTES_MAX: u32 = 8192;

/** Unanswered requests of one connection; beyond it the oldest is given up and noted. */
export const PENDING_MAX: u32 = 1024;

/** Bytes held of a direction while its protocol is not known (the contract). */
export const DETECT_BYTES_MAX: u32 = 128;
