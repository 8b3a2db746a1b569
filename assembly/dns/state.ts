/**
 * State of one direction, RFC 1035 4.1 and 4.2.2:
 *
 *   stream   = *( length message )          over UDP one message, without the length
 *   message  = header *question *record
 *   header   = id flags qdcount ancount nscount arcount           6 * 16 bits
 *   flags    = QR opcode(4) AA TC RD RA Z AD CD rcode(4)
 *   question = name type class
 *   record   = name type class ttl(32) rdlength rdata
 *
 *    0  u8   place in the grammar          1  u8   bytes gathered of a fixed element
 *    2  u8   bytes to come of the label in the name gathered
 *    3  u8   bits 4 to 11 of the response code, from the OPT record
 *    4  u16  bytes of the message to come  6  u16  bytes of the name gathered
 *    8  u32  bytes of the message and its length prefix
 *   12  u32  block with the name that a chunk's end cut in two
 *   16  u32  block of the call; 0 none
 *   20  u16  id     22  u16  flags         24  u16  questions to come
 *   26  u16  answers to come               28  u32  records to come
 *   32  u16  bytes to come of a label or data of a record
 *   34  u8   SOA records among the answers 35  u8   1: a hole is in the message
 *   36  u8   [12] the fixed element, as far as it was gathered
 *   48  u64  time of the message's first byte, ns
 */
import { DIRECTION_SIZE } from "../core/conn-layout";
import { release } from "../core/pool";

const STATE: usize = 0;
export const GATHERED: usize = 1;
export const LABEL_LEFT: usize = 2;
export const RCODE_HIGH: usize = 3;
export const LEFT: usize = 4;
export const NAME_LENGTH: usize = 6;
export const SIZE: usize = 8;
export const NAME_BLOCK: usize = 12;
export const CALL: usize = 16;
export const ID: usize = 20;
const FLAGS: usize = 22;
export const QUESTIONS: usize = 24;
export const ANSWERS: usize = 26;
export const RECORDS: usize = 28;
export const SKIP: usize = 32;
export const SOA_COUNT: usize = 34;
export const HAS_HOLE: usize = 35;
export const ELEMENT: usize = 36;
export const BEGIN_NS: usize = 48;

// Places in the grammar. Up to TYPE a message may survive, behind it everything dies.
export const AT_LENGTH: u8 = 0;
export const HEADER: u8 = 1;
export const NAME: u8 = 2;
export const TYPE: u8 = 3;
/** Questions behind the first too; while SKIP is not 0, in its label or the data before it. */
export const RECORD_NAME: u8 = 4;
export const RECORD_POINTER: u8 = 5;
export const RECORD_FIXED: u8 = 6;
/** Nothing in the rest of the message matters. */
export const REST: u8 = 7;
/** A hole of unknown extent: where the next message begins is not known. */
export const LOST: u8 = 8;

const FLAG_RESPONSE: u32 = 0x8000;
export const FLAG_TRUNCATED: u32 = 0x0200;

@inline
export function place(d: usize): u8 {
  return load<u8>(d, STATE);
}

@inline
export function goTo(d: usize, state: u8): void {
  store<u8>(d, state, STATE);
}

@inline
export function be16(p: usize): u32 {
  return <u32>bswap<u16>(load<u16>(p));
}

@inline
export function flags(d: usize): u32 {
  return load<u16>(d, FLAGS);
}

@inline
export function setFlags(d: usize, value: u32): void {
  store<u16>(d, <u16>value, FLAGS);
}

@inline
export function isResponse(d: usize): bool {
  return (flags(d) & FLAG_RESPONSE) != 0;
}

/** Ready for the next message; nothing of the last one stays. */
export function clear(conn: usize, d: usize): void {
  const block = load<u32>(d, NAME_BLOCK);
  if (block != 0) release(conn, block);
  memory.fill(d, 0, DIRECTION_SIZE);
}

/** How much of a fixed element of `size` bytes [p, end) has. */
@inline
export function part(d: usize, p: usize, end: usize, size: u32): u32 {
  return min(size - load<u8>(d, GATHERED), <u32>(end - p));
}

/**
 * A fixed element of `size` bytes: its address, in the payload when all of it is there, else in
 * the state once its last byte came; 0 until then. The payload is used as far as `part` said.
 */
export function gather(d: usize, p: usize, end: usize, size: u32): usize {
  const before = <u32>load<u8>(d, GATHERED);
  if (before == 0 && end - p >= size) return p;
  const more = part(d, p, end, size);
  memory.copy(d + ELEMENT + before, p, more);
  const isWhole = before + more == size;
  store<u8>(d, isWhole ? 0 : <u8>(before + more), GATHERED);
  return isWhole ? d + ELEMENT : 0;
}
