/** HTTP/1: where messages end, and which response answers which request (RFC 9112 6 and 9). */
import { describe, expect, it } from "vitest";
import type { CallRecord } from "../../src/wasm/parsers.ts";
import { newParsers, type Step, stream, summaries } from "./harness.ts";

const parsers = newParsers();
const calls = (...steps: Step[]): CallRecord[] => stream(parsers, steps).calls;
const seen = (...steps: Step[]): string[] => summaries(calls(...steps));

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** Proves that the stream is still understood behind what a test is about. */
const next: Step[] = [{ client: get("/next") }, { server: ok("later") }];
const NEXT = "GET /next 200";

describe("framing of a request", () => {
  const post = (fields: string, body: string) =>
    seen({ client: `POST /p HTTP/1.1\r\n${fields}\r\n\r\n${body}` }, { server: ok("") }, ...next);
  const whole = ["POST /p 200", NEXT];

  it.each([
    ["Content-Length: 4", "GET "],
    ["content-length:004", "GET "],
    ["Content-Length: 4 ", "GET "],
    ["Content-Length: 4, 4", "GET "],
    ["Content-Length: 4\r\nContent-Length: 4", "GET "],
    ["Content-Length: 0", ""],
    ["X: y", ""],
    ["Transfer-Encoding: chunked", "4\r\nGET \r\n0\r\n\r\n"],
    ["Transfer-Encoding: chunked", "4\nGET \n0\n\n"],
    ["Transfer-Encoding: CHUNKED", "00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n"],
    ["Transfer-Encoding: gzip, chunked", "a;x=y\r\n0123456789\r\n000;z\r\n\r\n"],
    ["Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "1  \r\nx\r\n0\r\n\r\n"],
    ["Transfer-Encoding: identity\r\nContent-Length: 4", "GET "],
    ["Content-Length: 9\r\nTransfer-Encoding: chunked", "0\r\n\r\n"],
    ["Transfer-Encoding: chunked\r\nContent-Length: 9", "0\r\n\r\n"],
    ["A: b\r\n folded\r\nContent-Length: 4", "GET "],
  ])("%j with %j", (fields, body) => {
    expect(post(fields, body)).toEqual(whole);
  });

  it.each([
    ["Content-Length: 18446744073709551616", ""],
    ["Content-Length: 99999999999999999999999", ""],
    ["Content-Length: 1\r\nContent-Length: 2", "x"],
    ["Content-Length: 1, 2", "x"],
    ["Content-Length: -1", ""],
    ["Content-Length: +1", "x"],
    ["Content-Length: 1 1", "x"],
    ["Content-Length: 0x1", "x"],
    ["Content-Length:", ""],
    ["Content-Length: 4\r\n 2", "GET "],
    ["Transfer-Encoding: gzip", ""],
    ["Transfer-Encoding: chunked, gzip", "0\r\n\r\n"],
    ["Transfer-Encoding: xchunked", "0\r\n\r\n"],
    ["Transfer-Encoding: chunked\r\n x", "0\r\n\r\n"],
    ["Transfer-Encoding: chunked", "x\r\n"],
    ["Transfer-Encoding: chunked", "\r\n0\r\n\r\n"],
    ["Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n"],
    ["Transfer-Encoding: chunked", "10000000000000000\r\n"],
    ["Transfer-Encoding: chunked", "1\rx"],
    ["Content-Length : 4", "GET "],
  ])("malformed: %j with %j", (fields, body) => {
    expect(post(fields, body)).toEqual([]);
  });

  it("takes the largest length there is", () => {
    const client = "POST /p HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nabc";
    const [call] = calls({ client }, { server: ok("") });
    expect(call).toMatchObject({ status: "200", requestBytes: BigInt(client.length) });
  });

  it("reads requests that do not wait, and answers in their order", () => {
    expect(
      seen(
        { client: `${get("/1")}POST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc${get("/3")}` },
        { server: `${ok("one")}HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n${ok("three")}` },
      ),
    ).toEqual(["GET /1 200", "POST /2 404", "GET /3 200"]);
  });

  it("stays in step beyond the bound of unanswered requests", () => {
    const all = Array.from({ length: 1100 }, (_, index) => get(`/${index}`)).join("");
    const answers = Array.from({ length: 1100 }, (_, index) => ok(`${index}`)).join("");
    const result = calls({ client: all }, { server: answers });
    expect(result).toHaveLength(1100);
    const evicted = result.filter(({ notes }) => notes.includes("evicted"));
    expect(evicted.map(({ resource }) => resource)).toEqual(
      Array.from({ length: 76 }, (_, index) => `/${index}`),
    );
    for (const { resource, responseBytes, status } of result.slice(76)) {
      expect(status).toBe("200");
      expect(responseBytes).toBe(BigInt(ok(resource.slice(1)).length));
    }
  });
});

describe("framing of a response", () => {
  const answered = (response: string, method = "GET") =>
    seen({ client: `${method} /r HTTP/1.1\r\n\r\n` }, { server: response }, ...next);

  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHT"],
    ["HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"],
    ["HTTP/1.0 200 OK\nContent-Length: 2\n\nHT"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\tfold\r\n\r\nHT"],
    ["HTTP/1.1 200 OK\r\nX-Y : z\r\nContent-Length \t: 2\r\n\r\nHT"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"],
  ])("%j", (response) => {
    expect(answered(response)).toEqual(["GET /r 200", NEXT]);
  });

  it.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ])("of %s with %i has no body", (method, status) => {
    const response = `HTTP/1.1 ${status} X\r\nContent-Length: 99\r\n\r\n`;
    expect(answered(response, method)).toEqual([`${method} /r ${status}`, NEXT]);
  });

  it("ends with the connection when nothing else says where", () => {
    const steps: Step[] = [
      { client: get("/r") },
      { server: "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200" },
      { server: " and more" },
    ];
    const ended = calls(...steps, { finish: "server" });
    expect(ended).toMatchObject([{ status: "200", responseBytes: 40n, notes: [] }]);
    expect(calls(...steps)).toMatchObject([{ status: "200", notes: ["truncated"] }]);
    const coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nabc";
    expect(calls({ client: get("/r") }, { server: coded }, { finish: "server" })).toMatchObject([
      { status: "200", responseBytes: BigInt(coded.length), notes: [] },
    ]);
  });

  it("that breaks off has the status, and a note", () => {
    const broken = ok("hello").slice(0, -2);
    for (const last of [[], [{ finish: "server" } as const]]) {
      expect(calls({ client: get("/r") }, { server: broken }, ...last)).toMatchObject([
        { status: "200", responseBytes: BigInt(broken.length), notes: ["truncated"] },
      ]);
    }
  });

  it("that breaks the grammar has the status, and a note; what follows dies", () => {
    expect(
      calls({ client: get("/r") }, { server: "HTTP/1.1 200 OK\r\nBad(: x\r\n\r\n" }, ...next),
    ).toMatchObject([{ resource: "/r", status: "200", notes: ["malformed"] }]);
  });

  it("whose status is not whole says nothing", () => {
    expect(answered("HTTP/1.1 2000 X\r\n\r\n")).toEqual([]);
    expect(answered("HTTP/1.1 20 X\r\n\r\n")).toEqual([]);
  });

  it("may follow interim responses", () => {
    const [call, ...rest] = calls(
      { client: "POST /e HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n" },
      { server: "HTTP/1.1 100 Continue\r\n\r\n" },
      { client: "ab" },
      { server: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
      { server: ok("") },
    );
    expect(rest).toEqual([]);
    expect(call).toMatchObject({
      status: "200",
      notes: ["interim"],
      responseBytes: BigInt(ok("").length),
      firstByteLatencyNs: 4_000_000n,
    });
  });

  it("without a request is counted, and is a call without one", () => {
    const { responses_orphaned: before } = parsers.counters();
    expect(calls(...next, { server: ok("x") })).toMatchObject([
      { resource: "/next" },
      { method: "", resource: "", status: "200", notes: ["unknown_field"] },
    ]);
    const { responses_orphaned: after } = parsers.counters();
    expect(after - before).toBe(1n);
  });
});
