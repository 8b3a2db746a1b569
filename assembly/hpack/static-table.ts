/**
 * The static table, RFC 7541 Appendix A. An entry has 16 bytes:
 *
 *    0  u8   length of the name   1  u8 length of the value   2  u8 FIELD_*
 *    4  u32  meaning of the value (fields.ts)
 *    8  u32  name   12  u32  value: addresses of the texts
 */
import { fieldOfName } from "./names";
import { STATIC_ENTRIES, STATIC_TEXTS } from "./places";
import { valueOf } from "./values";

/** A name and behind a space its value, from index 1 on; one literal. */
const ENTRIES: string = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`;
export const STATIC_COUNT: u32 = 61;

export function buildStaticTable(): void {
  let entry = STATIC_ENTRIES + 16;
  let text = STATIC_TEXTS;
  let begin = text;
  let value: usize = 0;
  for (let at = 0; at < ENTRIES.length; at++) {
    const char = ENTRIES.charCodeAt(at);
    if (char == 0x20 && value == 0) {
      value = text;
    } else if (char != 0x0a) {
      store<u8>(text++, <u8>char);
    } else {
      buildEntry(entry, begin, value == 0 ? text : value, text);
      entry += 16;
      begin = text;
      value = 0;
    }
  }
}

function buildEntry(entry: usize, name: usize, value: usize, end: usize): void {
  const field = fieldOfName(name, <u32>(value - name), false);
  store<u8>(entry, <u8>(value - name));
  store<u8>(entry, <u8>(end - value), 1);
  store<u8>(entry, <u8>field, 2);
  store<u32>(entry, valueOf(field, value, <u32>(end - value)), 4);
  store<u32>(entry, <u32>name, 8);
  store<u32>(entry, <u32>value, 12);
}

/** SAFETY: 1 <= index <= STATIC_COUNT. */
@inline
export function staticAt(index: u32): usize {
  return STATIC_ENTRIES + <usize>index * 16;
}
