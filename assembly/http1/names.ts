/** The closed lists: words that begin a message, and names of headers whose value survives. */
import { NAMES_PTR } from "../abi";
import { LISTED_NAME_BYTES_MAX, START_WORD_BYTES_MAX } from "../limits";

/**
 * First words of a message, shortest first: the methods of the IANA registry, without PRI, which
 * begins HTTP/2, and the versions of RFC 9112. One literal: a sum of strings allocates.
 */
const START_WORDS: string = `GET PUT ACL POST HEAD BIND COPY LINK LOCK MOVE PATCH TRACE LABEL MERGE
MKCOL DELETE REBIND REPORT SEARCH UNBIND UNLINK UNLOCK UPDATE OPTIONS CONNECT CHECKIN HTTP/1.1
HTTP/1.0 CHECKOUT PROPFIND PROPPATCH ORDERPATCH MKACTIVITY MKCALENDAR UNCHECKOUT MKWORKSPACE
MKREDIRECTREF VERSION-CONTROL BASELINE-CONTROL UPDATEREDIRECTREF
`;
const START_WORD_COUNT: u32 = 40;

/** Shortest first; a name is known by its index. */
const LISTED_NAMES: string = `te host expect trailer upgrade connection grpc-status traceparent
content-type grpc-timeout grpc-encoding content-length transfer-encoding grpc-accept-encoding
`;
export const NAME_UPGRADE: i32 = 4;
export const NAME_TRACEPARENT: i32 = 7;
export const NAME_CONTENT_TYPE: i32 = 8;
export const NAME_CONTENT_LENGTH: i32 = 11;
export const NAME_TRANSFER_ENCODING: i32 = 12;
const LISTED_NAME_COUNT: u32 = 14;

/** A table: entries of 32 bytes padded with zeros, then the first index for each length. */
const STRIDE: usize = 32;
const NAMES: usize = NAMES_PTR;
const NAMES_OF_LENGTH: usize = NAMES + <usize>LISTED_NAME_COUNT * STRIDE;
const WORDS: usize = NAMES_OF_LENGTH + 32;
const WORDS_OF_LENGTH: usize = WORDS + <usize>START_WORD_COUNT * STRIDE;

/** Lay the tables out once, before the first call. */
export function buildNameTable(): void {
  build(LISTED_NAMES, NAMES, NAMES_OF_LENGTH, LISTED_NAME_BYTES_MAX);
  build(START_WORDS, WORDS, WORDS_OF_LENGTH, START_WORD_BYTES_MAX);
}

function build(list: string, entries: usize, ofLength: usize, lengthMax: u32): void {
  let index: u32 = 0;
  let length: u32 = 0;
  for (let at = 0; at < list.length; at++) {
    const char = <u8>list.charCodeAt(at);
    if (char > 0x20) {
      store<u8>(entries + <usize>index * STRIDE + length, char);
      length++;
      continue;
    }
    index++;
    // Every longer length begins after this entry, until the next one says otherwise.
    for (let longer = length + 1; longer <= lengthMax + 1; longer++) {
      store<u8>(ofLength + longer, <u8>index);
    }
    length = 0;
  }
}

/** Index of a header name of `length` bytes at `p`, any case; -1 when its value must die. */
export function listedName(p: usize, length: u32): i32 {
  if (length > LISTED_NAME_BYTES_MAX) return -1;
  const last = <u32>load<u8>(NAMES_OF_LENGTH + length + 1);
  for (let index: u32 = load<u8>(NAMES_OF_LENGTH + length); index < last; index++) {
    if (equalsName(p, length, NAMES + <usize>index * STRIDE)) return index;
  }
  return -1;
}

function equalsName(p: usize, length: u32, name: usize): bool {
  const wanted: u32 = length < 16 ? (1 << length) - 1 : 0xffff;
  if ((equalBytes(p, name) & wanted) != wanted) return false;
  if (length <= 16) return true;
  return equalBytes(p + length - 16, name + length - 16) == 0xffff;
}

/**
 * A bit for each of 16 bytes equal in lower case. Setting 0x20 makes no other token character
 * equal to a letter or to a hyphen.
 */
@inline
function equalBytes(p: usize, name: usize): u32 {
  const lower = v128.or(v128.load(p), i8x16.splat(0x20));
  return i8x16.bitmask(i8x16.eq(lower, v128.load(name)));
}

/** Whether the `length` bytes are a listed first word. */
export function isStartWord(p: usize, length: u32): bool {
  if (length > START_WORD_BYTES_MAX) return false;
  const last = <u32>load<u8>(WORDS_OF_LENGTH + length + 1);
  for (let index: u32 = load<u8>(WORDS_OF_LENGTH + length); index < last; index++) {
    if (isBeginning(p, length, WORDS + <usize>index * STRIDE)) return true;
  }
  return false;
}

/** Whether the `length` bytes begin a listed first word. */
export function beginsStartWord(p: usize, length: u32): bool {
  if (length > START_WORD_BYTES_MAX) return false;
  for (let index: u32 = load<u8>(WORDS_OF_LENGTH + length); index < START_WORD_COUNT; index++) {
    if (isBeginning(p, length, WORDS + <usize>index * STRIDE)) return true;
  }
  return false;
}

/** SAFETY: reads 16 bytes at `p`, and the last of 17. */
@inline
function isBeginning(p: usize, length: u32, word: usize): bool {
  const wanted: u32 = length < 16 ? (1 << length) - 1 : 0xffff;
  const equal: u32 = i8x16.bitmask(i8x16.eq(v128.load(p), v128.load(word)));
  if ((equal & wanted) != wanted) return false;
  return length <= 16 || load<u8>(p, 16) == load<u8>(word, 16);
}
