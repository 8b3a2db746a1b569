/** Every bound of the DNS parser, with its unit and its reason. */

/** Bytes of a name on the wire, its root included (RFC 1035 2.3.4). */
export const NAME_BYTES_MAX: u32 = 255;

/** Bytes of a label (RFC 1035 2.3.4). */
export const LABEL_BYTES_MAX: u32 = 63;

/** Unanswered queries of one address pair; beyond it the oldest is given up and noted. */
export const DNS_PENDING_MAX: u32 = 512;

/** Queries of one bucket of the index, 16 on average when all wait: what a lookup may cost. */
export const CHAIN_MAX: u32 = 32;

/** Nanoseconds until a query is given up: clients of all kinds stop asking long before. */
export const ANSWER_NS_MAX: u64 = 30_000_000_000;

/** Queries given up for their age in one message; with the rest of its rows well below a step's. */
export const AGED_PER_MESSAGE: u32 = 16;

/** Questions of a message. More than one is legal on paper only; headers beyond are not DNS. */
export const QUESTIONS_MAX: u32 = 64;

/** Calls marked after a hole in a direction, oldest first: answers come nearly in order. */
export const MARKED_PER_GAP: u32 = 64;
