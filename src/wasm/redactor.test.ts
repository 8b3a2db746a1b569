/** What survives and what dies, case by case. A zeroed byte is written `~`. */
import { describe, expect, it } from "vitest";
import { newRedactor, redactChunks } from "../../test/support/redact.ts";
import { RedactStatus } from "./redactor.ts";

const redactor = newRedactor();
const redact = (...chunks: string[]) => redactChunks(redactor, chunks);

/** A request head with one more line, which is all that is looked at. */
function headerLine(line: string): string {
  const start = "GET / HTTP/1.1\r\n";
  return redact(`${start}${line}\r\n\r\n`).text.slice(start.length, -4);
}

function startLine(line: string): string {
  const { text, status } = redact(`${line}\r\n\r\n`);
  expect(status).toBe(RedactStatus.Body);
  expect(text.slice(-4)).toBe("\r\n\r\n");
  return text.slice(0, -4);
}

describe("start line", () => {
  it.each([
    ["GET / HTTP/1.1", "GET / HTTP/1.1"],
    ["GET /orders/42 HTTP/1.0", "GET /orders/42 HTTP/1.0"],
    ["GET /a?token=x&b HTTP/1.1", "GET /a?~~~~~~~~~ HTTP/1.1"],
    ["GET /a#part HTTP/1.1", "GET /a#~~~~ HTTP/1.1"],
    ["GET /a?b#c?d HTTP/1.1", "GET /a?~~~~~ HTTP/1.1"],
    ["GET /a;jsessionid=1/b;v=2?q HTTP/1.1", "GET /a;~~~~~~~~~~~~/b;~~~?~ HTTP/1.1"],
    ["GET /a;b;c HTTP/1.1", "GET /a;~~~ HTTP/1.1"],
    ["OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"],
    ["UPDATEREDIRECTREF /x HTTP/1.1", "UPDATEREDIRECTREF /x HTTP/1.1"],
    ["GET http://example.org/a HTTP/1.1", "GET http://example.org/a HTTP/1.1"],
    ["GET HTTPS://[::1]:8443?q HTTP/1.1", "GET HTTPS://[::1]:8443?~ HTTP/1.1"],
    ["GET http://u:pw@example.org/a HTTP/1.1", "GET http://~~~~@example.org/a HTTP/1.1"],
    ["GET http://u@v@example.org HTTP/1.1", "GET http://~~~@example.org HTTP/1.1"],
    ["CONNECT example.org:443 HTTP/1.1", "CONNECT example.org:443 HTTP/1.1"],
    ["CONNECT u:pw@example.org:443 HTTP/1.1", "CONNECT ~~~~@example.org:443 HTTP/1.1"],
    ["HTTP/1.1 200 OK", "HTTP/1.1 200 ~~"],
    ["HTTP/1.0 404 Not for you", "HTTP/1.0 404 ~~~~~~~~~~~"],
    ["HTTP/1.1 204 ", "HTTP/1.1 204 "],
    ["HTTP/1.1 204", "HTTP/1.1 204"],
  ])("%s", (input, expected) => {
    expect(startLine(input)).toBe(expected);
  });

  it("passes over empty lines before it, within a bound", () => {
    expect(redact("\r\n\nGET / HTTP/1.1\r\n\r\n").status).toBe(RedactStatus.Body);
    const flood = redact("\n".repeat(65), "GET / HTTP/1.1\r\n\r\n");
    expect(flood).toEqual({ text: "~".repeat(65 + 18), status: RedactStatus.NotHttp1 });
  });
});

describe("not HTTP/1: everything dies", () => {
  it.each([
    "SSH-2.0-OpenSSH_9.2",
    "get / HTTP/1.1",
    "FETCH / HTTP/1.1",
    "GETX / HTTP/1.1",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 200 OK",
    "GET secret",
    "GET httpx://secret/",
    "OPTIONS sip:alice@example.org SIP/2.0",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "UPDATEREDIRECTREFS /",
  ])("%j", (input) => {
    const all = `${input}\r\nsecret: secret\r\n`;
    const expected = { text: "~".repeat(all.length), status: RedactStatus.NotHttp1 };
    expect(redact(all)).toEqual(expected);
    expect(redact(...all)).toEqual(expected);
  });

  it("looks at no more than 128 bytes", () => {
    const longest = "\n".repeat(64) + "UPDATEREDIRECTREF https:/";
    expect(longest.length).toBeLessThanOrEqual(128);
    expect(redact(longest).status).toBe(RedactStatus.Detecting);
    expect(redact(`${longest}x`).status).toBe(RedactStatus.NotHttp1);
  });
});

describe("header lines", () => {
  it.each([
    ["Host: example.org:8080", "Host: example.org:8080"],
    ["hOST:x", "hOST:x"],
    ["Content-Length: 42", "Content-Length: 42"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Connection: keep-alive", "Connection: keep-alive"],
    ["Upgrade: h2c", "Upgrade: h2c"],
    ["TE: trailers", "TE: trailers"],
    ["Trailer: Expires", "Trailer: Expires"],
    ["Expect: 100-continue", "Expect: 100-continue"],
    ["grpc-status: 0", "grpc-status: 0"],
    ["grpc-encoding: gzip", "grpc-encoding: gzip"],
    ["grpc-accept-encoding: gzip", "grpc-accept-encoding: gzip"],
    ["grpc-timeout: 1S", "grpc-timeout: 1S"],
    ["Authorization: Bearer abc", "Authorization:~~~~~~~~~~~"],
    ["Cookie: a=b", "Cookie:~~~~"],
    ["X-Host: example", "X-Host:~~~~~~~~"],
    ["Hostx: example", "Hostx:~~~~~~~~"],
    ["Hos: example", "Hos:~~~~~~~~"],
    ["grpc-accept-encodinG2: gzip", "grpc-accept-encodinG2:~~~~~"],
    ["transfer-encodinx: gzip", "transfer-encodinx:~~~~~"],
    ["grpc-accept-encodinx: gzip", "grpc-accept-encodinx:~~~~~"],
    ["grpc-message: oops", "grpc-message:~~~~~"],
    ["Referer:\thttp://a/\xe9", "Referer:~~~~~~~~~~~"],
    ["A:", "A:"],
  ])("%s", (input, expected) => {
    expect(headerLine(input)).toBe(expected);
  });

  it.each([
    ["Content-Type: text/html", "Content-Type: text/html"],
    ["Content-Type:\t text/html; charset=x", "Content-Type:\t text/html~~~~~~~~~~~"],
    [
      "Content-Type: multipart/form-data;boundary=k",
      "Content-Type: multipart/form-data~~~~~~~~~~~",
    ],
    ["Content-Type: text/plain extra", "Content-Type: text/plain~~~~~~"],
    ["Content-Type: a/b/c", "Content-Type: a/b~~"],
    ["Content-Type: =secret", "Content-Type: =secret".replace("=secret", "~~~~~~~")],
    ["Content-Type:", "Content-Type:"],
  ])("media type alone: %s", (input, expected) => {
    expect(headerLine(input)).toBe(expected);
  });

  const ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
  it.each([
    [`00-${ids}-01`, true],
    [`cc-${ids}-00`, true],
    [`ff-${ids}-01`, false],
    [`00-${ids}-01-x`, false],
    [`00-${ids}-0`, false],
    [`00-${ids}-0g`, false],
    [`00-${ids.toUpperCase()}-01`, false],
    [`00_${ids}-01`, false],
    ["deadbeefdeadbeef", false],
    ["", false],
  ])("traceparent %s: kept %s", (value, kept) => {
    const expected = kept || value === "" ? ` ${value}` : ` ${"~".repeat(value.length)}`;
    expect(headerLine(`traceparent: ${value}`)).toBe(`traceparent:${expected}`);
  });

  it.each([2, 12, 54, 55])("keeps nothing of a traceparent cut after %i bytes", (size) => {
    const value = `00-${ids}-01`;
    const start = "GET / HTTP/1.1\r\ntraceparent: ";
    const { text } = redact(start + value.slice(0, size), `${value.slice(size)}\r\n`);
    expect(text).toBe(`${start}${"~".repeat(55)}\r\n`);
  });
});

describe("malformed: dies from the offending byte to the end", () => {
  const request = "GET /a HTTP/1.1\r\n";
  const later = "secret\r\n\r\nsecret";
  it.each([
    ["space before the colon", `${request}Authorization`, " : secret\r\nHost: a\r\n"],
    ["folded line", `${request}A:~~\r\n`, " folded\r\nHost: a\r\n"],
    ["empty name", request, ": secret\r\n"],
    ["no colon", `${request}Host`, "\r\nHost: a\r\n"],
    ["CR alone", `${request}Host: a\r`, "secret\r\n"],
    ["NUL in a value", `${request}Host: a`, "\0secret\r\n"],
    ["CR alone at the end of the head", `${request}\r`, "secret"],
    ["HTTP/0.9", "GET /a", "\r\nsecret"],
    ["HTTP/2 version", "GET /a HTTP/", "2.0\r\nHost: a\r\n"],
    ["version 1.2", "GET /a HTTP/1.", "2\r\nHost: a\r\n"],
    ["two spaces", "GET /a ", " HTTP/1.1\r\nHost: a\r\n"],
    ["space in the target", "GET /a ", "b HTTP/1.1\r\nHost: a\r\n"],
    ["control in the path", "GET /a", "\x01b HTTP/1.1\r\n"],
    ["DEL in the path", "GET /a", "\x7fb HTTP/1.1\r\n"],
    ["DEL in a value", `${request}Host: a`, "\x7f\r\n"],
    ["byte above ASCII in the path", "GET /a", "\xe9 HTTP/1.1\r\n"],
    ["status of letters", "HTTP/1.1 ", "abc secret\r\n"],
    ["status of two digits", "HTTP/1.1 20", " secret\r\n"],
    ["status of four digits", "HTTP/1.1 200", "1 secret\r\n"],
    ["CONNECT with a path", "CONNECT ", "example.org/secret HTTP/1.1\r\n"],
    ["CONNECT of another protocol", "CONNECT ", '{"auth_token":"secret"}\r\n'],
    ["quote in an authority", "GET http://", 'exam"ple.org/ HTTP/1.1\r\n'],
  ])("%s", (_name, kept, rest) => {
    // "A:~~" stands for a value that died already: it was "A: b".
    const { text, status } = redact(kept.replace("~~", " b") + rest, later);
    expect(text).toBe(kept + "~".repeat(rest.length + later.length));
    expect(status).toBe(RedactStatus.Malformed);
  });
});

describe("after the head", () => {
  it("lets everything die: bodies, chunks, later messages", () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
    const rest = ["4\r\nwiki\r\n0\r\nX: y\r\n\r\n", "GET /next HTTP/1.1\r\nHost: b\r\n\r\n"];
    const { text, status } = redact(head + "body\r\n\r\nHost: x", ...rest);
    expect(text).toBe(head + "~".repeat(15 + rest.join("").length));
    expect(status).toBe(RedactStatus.Body);
  });

  it("accepts a bare LF as a line end", () => {
    expect(redact("GET /a HTTP/1.1\nHost: b\nX: c\n\nbody").text).toBe(
      "GET /a HTTP/1.1\nHost: b\nX:~~\n\n~~~~",
    );
  });

  it("begins anew after reset, and only in that slot", () => {
    const head = "GET /a HTTP/1.1\r\n\r\n";
    expect(redactChunks(redactor, [head, head], { slot: 7 }).text).toBe(
      head + "~".repeat(head.length),
    );
    expect(redactChunks(redactor, [head], { slot: 8 }).text).toBe(head);
    expect(redactChunks(redactor, [head], { slot: 7 }).text).toBe(head);
  });
});
