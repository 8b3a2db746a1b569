/** Every bound of this module, with its unit and its reason. */

/** Streams at once. A stream is one direction of a connection; the host keeps 8192 connections. */
export const SLOT_COUNT: u32 = 16384;

/** Bytes of payload one call can take: 64 chunks of the kernel's largest window (4095). */
export const STAGING_SIZE: u32 = 256 * 1024;

/**
 * Bytes of empty lines before a start line (RFC 9112 2.2 asks for one at least). With the longest
 * method, a space and a scheme it stays below the 128 bytes that detection may look at.
 */
export const LEADING_EMPTY_BYTES_MAX: u32 = 64;

/** Bytes of the first word of a message: UPDATEREDIRECTREF is the longest method. */
export const START_WORD_BYTES_MAX: u32 = 17;

/** Bytes of a header name: names survive, so this bounds what a stray line can keep. */
export const NAME_BYTES_MAX: u32 = 256;

/** Bytes of the longest name whose value survives (grpc-accept-encoding). */
export const LISTED_NAME_BYTES_MAX: u32 = 20;
