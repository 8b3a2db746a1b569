/**
 * Known answers, run by the host on every instance before its first use: a module that was built
 * or is executed wrongly must not see a payload. They also warm the compiled code up.
 *
 * In the texts a line ends with `|` (CRLF) and a zeroed byte is `~`.
 */
import { NAMES_PTR, SLOT_SIZE, STAGING_PTR } from "./abi";
import { SLOT_COUNT } from "./limits";
import { redactStream, slotAt } from "./redact";
import { wipe } from "./scan";

const ROUNDS: u32 = 200;

/** 0 when every answer is right, else the number of the first that is wrong. */
export function selfTest(): u32 {
  if (__heap_base > NAMES_PTR) return 1;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    const wrong = runVectors();
    if (wrong != 0) return wrong;
  }
  return 0;
}

function runVectors(): u32 {
  if (
    !answers(
      "GET /a;v=1/b?key=s3cret HTTP/1.1|Host: example.org|Cookie: s3cret|Content-Type: text/plain; x=1||body",
      "GET /a;~~~/b?~~~~~~~~~~ HTTP/1.1|Host: example.org|Cookie:~~~~~~~|Content-Type: text/plain~~~~~||~~~~",
    )
  ) return 2;
  if (
    !answers(
      "HTTP/1.1 404 Secret phrase|TRANSFER-ENCODING: chunked|Set-Cookie: a=b|Grpc-Accept-Encoding: gzip||5",
      "HTTP/1.1 404 ~~~~~~~~~~~~~|TRANSFER-ENCODING: chunked|Set-Cookie:~~~~|Grpc-Accept-Encoding: gzip||~",
    )
  ) return 3;
  if (
    !answers(
      "POST /x HTTP/1.0|traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01|Authorization : a|B: c",
      "POST /x HTTP/1.0|traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01|Authorization~~~~~~~~~",
    )
  ) return 4;
  if (!answers("SSH-2.0-not this protocol", "~~~~~~~~~~~~~~~~~~~~~~~~~")) return 5;
  return 0;
}

function answers(input: string, expected: string): bool {
  let length: usize = 0;
  for (let at = 0; at < input.length; at++) {
    const char = <u8>input.charCodeAt(at);
    if (char == 0x7c) store<u8>(STAGING_PTR + length++, 0x0d);
    store<u8>(STAGING_PTR + length++, char == 0x7c ? 0x0a : char);
  }
  // The slot after the last one is not for streams.
  const slot = slotAt(SLOT_COUNT);
  redactStream(slot, STAGING_PTR, STAGING_PTR + length);
  wipe(slot, slot + SLOT_SIZE);
  const right = equals(expected);
  wipe(STAGING_PTR, STAGING_PTR + length);
  return right;
}

function equals(expected: string): bool {
  let p = STAGING_PTR;
  for (let at = 0; at < expected.length; at++) {
    const char = <u8>expected.charCodeAt(at);
    if (char == 0x7c && load<u8>(p++) != 0x0d) return false;
    if (load<u8>(p++) != (char == 0x7c ? 0x0a : char == 0x7e ? 0 : char)) return false;
  }
  return true;
}
