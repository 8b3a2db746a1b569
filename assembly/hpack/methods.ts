/** HTTP methods of the IANA registry, by number. Others are `_OTHER` (RFC 9110 16.1, OTel). */
import { METHODS } from "./places";

/** One literal: a sum of strings allocates. PRI is none: it begins HTTP/2. */
const NAMES: string = `GET POST PUT DELETE HEAD OPTIONS PATCH CONNECT TRACE
ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH REBIND REPORT SEARCH UNBIND UNCHECKOUT
UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL _OTHER
`;
/** A length, then at most 23 characters. */
const STRIDE: usize = 24;
const COUNT: u32 = 39;
const OTHER: u32 = COUNT - 1;

export function buildMethods(): void {
  let entry = METHODS;
  let length: usize = 0;
  for (let at = 0; at < NAMES.length; at++) {
    const char = NAMES.charCodeAt(at);
    if (char > 0x20) {
      store<u8>(entry + 1 + length++, <u8>char);
      continue;
    }
    store<u8>(entry, <u8>length);
    length = 0;
    entry += STRIDE;
  }
}

export function methodNumber(p: usize, length: u32): u32 {
  for (let number: u32 = 0; number < OTHER; number++) {
    const entry = METHODS + <usize>number * STRIDE;
    if (<u32>load<u8>(entry) == length && memory.compare(entry + 1, p, length) == 0) return number;
  }
  return OTHER;
}

/** Address of the name; its length is the byte before. SAFETY: `number` is of `methodNumber`. */
@inline
export function methodName(number: u32): usize {
  return METHODS + <usize>number * STRIDE + 1;
}
