/** Every bound of the Kafka parser, with its unit and its reason. */
import { CALL_OWN_BYTES_SIZE } from "../core/call";

/**
 * Bytes of a message. Brokers take requests of 100 MiB unless told otherwise, and answer with less.
 * No printable character begins a size below 2^27, so text is known as something else at once.
 */
export const FRAME_BYTES_MAX: u32 = (1 << 27) - 1;

/** API keys and versions from here on are taken for broken framing: their first byte tells. */
export const KEY_END: u32 = 1024;
export const VERSION_END: u32 = 1024;

/** Bytes of a topic name; Kafka itself takes no more (it names directories after topics). */
export const TOPIC_BYTES_MAX: u32 = 249;

/** Names of a call that are compared so as to be told once: a hash each in its own bytes. */
export const DISTINCT_TOPICS_MAX: u32 = CALL_OWN_BYTES_SIZE / 4;

/** Arrays and structures within each other; checked when the table is generated. */
export const DEPTH_MAX: u32 = 8;

/** Pending calls a response is compared with: clients keep 5 in flight, some up to hundreds. */
export const LOOK_AHEAD_MAX: u32 = 256;

/** Of those that so many later calls overtook the first is given up: its response was lost. */
export const OVERTAKEN_MAX: u32 = 128;

/**
 * Responses nobody asked for, beyond the matched ones, before further ones are compared with a few
 * calls only: the look-ahead is paid for by calls, not by garbage.
 */
export const ORPHANS_FREE: u32 = 64;
export const LOOK_AHEAD_SHORT: u32 = 4;

/** Pending calls whose response may be the first one after a gap. */
export const RESYNC_CALLS: u32 = 16;

/** Bytes looked through for the next message after a gap; then the connection is given up. */
export const RESYNC_BYTES_MAX: u32 = 1 << 20;

/** How far the correlation id of the first request after a gap may be ahead of the last one. */
export const RESYNC_LOST_MAX: u32 = 1 << 16;

/** Bytes of a client id where nothing is known about the connection. */
export const CLIENT_ID_BYTES_MAX: i32 = 255;

/** Bytes of a client id that make a request that was never whole more than a guess. */
export const TELLING_CLIENT_ID: i32 = 3;

/** Topic ids and their names: directories of SLOTS entries, shared by all connections. */
export const TOPIC_DIRECTORIES: u32 = 16;
export const TOPIC_SLOTS: u32 = 63;
/** Slots an id may be in. */
export const TOPIC_PROBES: u32 = 4;
