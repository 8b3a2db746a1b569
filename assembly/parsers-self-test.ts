/**
 * Run by the host on every instance before its first use: the memory map fits, and known answers
 * come out right. A module that was built or is executed wrongly must not see a payload.
 *
 * A text is one byte a character. In those of HTTP/1 a line ends with `|` (CRLF), and in what is
 * expected of them a zeroed byte is `~`.
 */
import { PROTO_DNS, PROTO_HTTP1, PROTO_HTTP2, PROTO_KAFKA } from "./core/conn-layout";
import { CTX, INPUT, MEMORY_END, ROWS, TEXT } from "./core/memory";
import { clearOutput, rowCount } from "./core/out";
import { tablesFit } from "./core/tables";
import { endChunk, feedChunk, reset } from "./parsers";

const PAGE: usize = 65536;
const CHUNK: usize = INPUT + 64;
const TCP: u8 = 6;
const UDP: u8 = 17;

/** 0 when every answer is right, else the number of the first that is wrong. */
export function selfTest(): u32 {
  if (__heap_base > CTX) return 1;
  if (!tablesFit()) return 2;
  if (MEMORY_END > <usize>memory.size() * PAGE) return 3;
  const wrong = answers();
  reset();
  return wrong;
}

function answers(): u32 {
  begin(TCP, 80);
  if (
    !redacts(
      0,
      "POST /a;v=1/b?key=s3cret HTTP/1.1|Host: example.org|Cookie: s3cret|Content-Length: 6||s3cret",
      "POST /a;~~~/b?~~~~~~~~~~ HTTP/1.1|Host: example.org|Cookie:~~~~~~~|Content-Length: 6||~~~~~~",
    )
  ) return 10;
  if (
    !redacts(
      1,
      "HTTP/1.1 503 Secret phrase|Set-Cookie: a=b|Content-Length: 0||",
      "HTTP/1.1 503 ~~~~~~~~~~~~~|Set-Cookie:~~~~|Content-Length: 0||",
    )
  ) return 11;
  if (!isRow(PROTO_HTTP1, "POST", "/a/b", "503")) return 12;

  begin(TCP, 8080);
  feed(0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
  feed(0, "\0\0\x08\x01\x05\0\0\0\x01\x82\x86\x84\x41\x03a.b");
  feed(1, "\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x88");
  if (!isRow(PROTO_HTTP2, "GET", "/", "200")) return 13;

  begin(UDP, 53);
  feed(0, "\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x03org\0\0\x1c\0\x01");
  feed(1, "\0\x07\x81\x83\0\x01\0\0\0\0\0\0\x01a\x03org\0\0\x1c\0\x01");
  if (!isRow(PROTO_DNS, "AAAA", "a.org", "NXDOMAIN")) return 14;

  begin(TCP, 9092);
  feed(0, "\0\0\0\x0d\0\x12\0\0\0\0\0\x05\0\x03app");
  feed(1, "\0\0\0\x0a\0\0\0\x05\0\x23\0\0\0\0");
  if (!isRow(PROTO_KAFKA, "ApiVersions", "", "35")) return 15;
  return 0;
}

/** A new connection between two ends that are all zero but for the port of the server. */
function begin(transport: u8, port: u16): void {
  memory.fill(INPUT, 0, 64);
  store<u8>(INPUT, transport);
  store<u8>(INPUT, 4, 1);
  store<u16>(INPUT, port, 4);
}

function feed(side: u32, text: string): void {
  for (let at = 0; at < text.length; at++) store<u8>(CHUNK + at, <u8>text.charCodeAt(at));
  feedChunk(INPUT, side, CHUNK, text.length, 1);
}

function redacts(side: u32, text: string, expected: string): bool {
  let length: u32 = 0;
  for (let at = 0; at < text.length; at++) {
    const char = <u8>text.charCodeAt(at);
    if (char == 0x7c) store<u8>(CHUNK + length++, 0x0d);
    store<u8>(CHUNK + length++, char == 0x7c ? 0x0a : char);
  }
  feedChunk(INPUT, side, CHUNK, length, 1);
  let p = CHUNK;
  for (let at = 0; at < expected.length; at++) {
    const char = <u8>expected.charCodeAt(at);
    if (char == 0x7c && load<u8>(p++) != 0x0d) return false;
    if (load<u8>(p++) != (char == 0x7c ? 0x0a : char == 0x7e ? 0 : char)) return false;
  }
  return true;
}

/** Whether the one row is that call, and nothing else comes when the connection ends. */
function isRow(protocol: u8, method: string, resource: string, status: string): bool {
  if (rowCount() != 1) return false;
  const isCall =
    load<u8>(ROWS, 8) == protocol &&
    equals(ROWS + 128, load<u8>(ROWS, 11), method) &&
    equals(TEXT + load<u32>(ROWS, 56), load<u32>(ROWS, 60), resource) &&
    equals(ROWS + 176, load<u8>(ROWS, 68), status);
  clearOutput();
  return isCall && endChunk(INPUT, 1) == 1 && rowCount() == 0;
}

function equals(p: usize, length: u32, text: string): bool {
  if (length != text.length) return false;
  for (let at = 0; at < text.length; at++) {
    if (load<u8>(p + at) != <u8>text.charCodeAt(at)) return false;
  }
  return true;
}
