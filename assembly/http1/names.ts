/** The closed lists: words that begin a message, and names of headers whose value survives. */
import { NAMES_PTR } from "../abi";
import { LISTED_NAME_BYTES_MAX } from "../limits";

/**
 * First words of a message: the versions of RFC 9112 and the methods of the IANA registry (the
 * common ones first), without PRI, which begins HTTP/2. One literal: a sum of strings allocates.
 */
const START_WORDS: string = `GET POST PUT DELETE HEAD OPTIONS PATCH CONNECT TRACE HTTP/1.1 HTTP/1.0
ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH REBIND REPORT SEARCH UNBIND UNCHECKOUT
UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL
`;

/** Shortest first; a name is known by its index. */
const LISTED_NAMES: string = `te host expect trailer upgrade connection grpc-status traceparent
content-type grpc-timeout grpc-encoding content-length transfer-encoding grpc-accept-encoding
`;
export const NAME_TRACEPARENT: i32 = 7;
export const NAME_CONTENT_TYPE: i32 = 8;
const LISTED_NAME_COUNT: u32 = 14;

/** The table: names of 32 bytes padded with zeros, then the first index for each length. */
const NAME_STRIDE: usize = 32;
const FIRST_OF_LENGTH: usize = NAMES_PTR + <usize>LISTED_NAME_COUNT * NAME_STRIDE;

/** Lay the table out once, before the first call. */
export function buildNameTable(): void {
  let index: u32 = 0;
  let length: u32 = 0;
  for (let at = 0; at < LISTED_NAMES.length; at++) {
    const char = <u8>LISTED_NAMES.charCodeAt(at);
    if (char > 0x20) {
      store<u8>(nameAt(index) + length, char);
      length++;
      continue;
    }
    index++;
    // Every longer length begins after this name, until the next name says otherwise.
    for (let longer = length + 1; longer <= LISTED_NAME_BYTES_MAX + 1; longer++) {
      store<u8>(FIRST_OF_LENGTH + longer, <u8>index);
    }
    length = 0;
  }
}

@inline
function nameAt(index: u32): usize {
  return NAMES_PTR + <usize>index * NAME_STRIDE;
}

/** Index of a header name of `length` bytes at `p`, any case; -1 when its value must die. */
export function listedName(p: usize, length: u32): i32 {
  if (length > LISTED_NAME_BYTES_MAX) return -1;
  const last = <u32>load<u8>(FIRST_OF_LENGTH + length + 1);
  for (let index: u32 = load<u8>(FIRST_OF_LENGTH + length); index < last; index++) {
    if (equalsName(p, length, nameAt(index))) return index;
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

/** Whether the bytes begin a listed first word, or are one when `whole`. No space is in them. */
export function isStartWord(p: usize, length: u32, whole: bool): bool {
  let at = 0;
  while (at < START_WORDS.length) {
    const same = commonLength(p, length, at);
    if (same == length && (!whole || startWordChar(at + length) <= 0x20)) return true;
    while (startWordChar(at) > 0x20) at++;
    at++;
  }
  return false;
}

function commonLength(p: usize, length: u32, at: u32): u32 {
  let same: u32 = 0;
  while (same < length && <u16>load<u8>(p + same) == startWordChar(at + same)) same++;
  return same;
}

/** SAFETY: `at` never passes the last space, where every comparison with a word stops. */
@inline
function startWordChar(at: u32): u16 {
  return load<u16>(changetype<usize>(START_WORDS) + (<usize>at << 1));
}
