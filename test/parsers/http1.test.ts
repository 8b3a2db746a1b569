/** HTTP/1: what becomes a call, and what is in it. */
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

/** What a request line and a response make of a call. */
const requestLine = (line: string) =>
  seen({ client: `${line}\r\nHost: a\r\n\r\n` }, { server: ok("x") });

describe("the request line", () => {
  it.each([
    ["GET / HTTP/1.1", "GET / 200"],
    ["GET /orders/42 HTTP/1.0", "GET /orders/42 200"],
    ["GET /a?token=x HTTP/1.1", "GET /a 200"],
    ["GET /a#part HTTP/1.1", "GET /a 200"],
    ["GET /a;v=1/b;w HTTP/1.1", "GET /a/b 200"],
    ["GET http://u:p@example.org/a?b HTTP/1.1", "GET /a 200"],
    ["GET HTTPS://example.org HTTP/1.1", "GET / 200"],
    ["OPTIONS http://example.org HTTP/1.1", "OPTIONS * 200"],
    ["OPTIONS * HTTP/1.1", "OPTIONS * 200"],
    ["UPDATEREDIRECTREF /x HTTP/1.1", "UPDATEREDIRECTREF /x 200"],
    ["M-SEARCH /x HTTP/1.1", "_OTHER /x 200"],
    ["get /x HTTP/1.1", "_OTHER /x 200"],
    ["GETX /x HTTP/1.1", "_OTHER /x 200"],
    ["\r\n\nGET /x HTTP/1.1", "GET /x 200"],
  ])("%j", (line, expected) => {
    expect(requestLine(line)).toEqual([expected]);
  });

  it.each([
    "GET /x HTTP/2.0",
    "GET /x",
    "GET x HTTP/1.1",
    "FETCH /x",
    "SETUP rtsp://a/b RTSP/1.0",
    "OPTIONS sip:a SIP/2.0",
    "GET /x y HTTP/1.1",
  ])("is none: %j", (line) => {
    expect(seen({ client: `${line}\r\nHost: a\r\n\r\n` })).toEqual([]);
  });

  it("takes a method that is not registered later in a connection, too", () => {
    expect(seen(...next, { client: "BREW /pot HTTP/1.1\r\n\r\n" }, { server: ok("") })).toEqual([
      NEXT,
      "_OTHER /pot 200",
    ]);
  });

  it("cuts a path at its bound, and notes it", () => {
    const [call] = calls({ client: get(`/${"a".repeat(9000)}`) }, { server: ok("") });
    expect(call?.resource).toHaveLength(8192);
    expect(call?.notes).toEqual(["resource_cut"]);
  });

  it("is not HTTP/1 over UDP", () => {
    const ends = {
      transport: "udp",
      client: { address: Uint8Array.of(192, 0, 2, 1), port: 1 },
      server: { address: Uint8Array.of(192, 0, 2, 2), port: 2 },
    } as const;
    expect(stream(parsers, next, { ends }).calls).toEqual([]);
  });
});

describe("behind a SOCKS proxy", () => {
  const request = get("/next");
  it.each([
    [
      "5, no password",
      "\x05\x01\x00\x05\x01\x00\x03\x05a.org\x00P",
      "\x05\x00\x05\x00\x00\x01\x01\x02\x03\x04\x00P",
    ],
    ["5, IPv6", `\x05\x02\x00\x02\x05\x01\x00\x04${"\x01".repeat(16)}\x00P`, "\x05\x00"],
    [
      "5, a password",
      "\x05\x01\x02\x01\x01u\x06secret\x05\x01\x00\x01\x01\x02\x03\x04\x00P",
      "\x05\x02\x01\x00",
    ],
    ["4", "\x04\x01\x00P\x01\x02\x03\x04user\x00", "\x00Z\x00P\x01\x02\x03\x04"],
  ])("of version %s, requests are found, and what was said before dies", (_name, hello, answer) => {
    for (const pieces of [1, 5, 1000]) {
      const steps = [
        { client: hello },
        { server: answer },
        { client: request },
        { server: ok("") },
      ];
      const { calls, redacted } = stream(parsers, steps, { pieces });
      expect(summaries(calls)).toEqual([NEXT]);
      expect(redacted[0]).toBe("~".repeat(hello.length));
    }
  });
});

describe("a call", () => {
  it("has the sizes of its messages, and times from first byte to last", () => {
    const [call] = calls(
      { client: "POST /a HTTP/1.1\r\nContent-" },
      { client: "Length: 4\r\n\r\nbo" },
      { client: "dy" },
      { server: "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nn" },
      { server: "o" },
    );
    expect(call).toMatchObject({
      protocol: "http1",
      method: "POST",
      resource: "/a",
      status: "404",
      error: false,
      startNs: 1_000_000n,
      firstByteLatencyNs: 3_000_000n,
      latencyNs: 4_000_000n,
      requestBytes: 43n,
      responseBytes: 47n,
      notes: [],
    });
  });

  it.each([
    [499, false],
    [500, true],
    [503, true],
  ])("with status %i: error %s", (status, error) => {
    const [call] = calls(
      { client: get("/") },
      { server: `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n` },
    );
    expect(call?.error).toBe(error);
  });

  it("is an error from 400 on where this is the client's side", () => {
    const own = newParsers({ errorStatusFrom: 400 });
    const server = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";
    expect(stream(own, [{ client: get("/") }, { server }]).calls[0]?.error).toBe(true);
  });

  it("has no path when it may not leave", () => {
    const own = newParsers({ resource: "off" });
    expect(stream(own, next).calls[0]?.resource).toBe("");
  });

  it("is found where the server was seen first", () => {
    expect(seen({ server: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }, ...next)).toEqual([
      "  200",
      NEXT,
    ]);
  });

  it("without a response is given up with the connection", () => {
    const [call] = calls({ client: get("/a") });
    expect(call).toMatchObject({ resource: "/a", status: "", notes: ["no_response"] });
    expect(call?.latencyNs).toBeUndefined();
  });

  it("without a response is given up when the server has ended", () => {
    const steps: Step[] = [...next, { client: get("/a") }, { finish: "server" }];
    const { calls } = stream(parsers, steps, { open: true });
    expect(summaries(calls)).toEqual([NEXT, "GET /a "]);
    parsers.reset();
  });

  it("is complete with an early response, and the connection goes on", () => {
    expect(
      seen(
        { client: "POST /up HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345" },
        { server: "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n" },
        { client: "67890" },
        ...next,
      ),
    ).toEqual(["POST /up 413", NEXT]);
  });

  it("of half a request line is none", () => {
    expect(seen(...next, { client: "GET /a" })).toEqual([NEXT]);
    expect(seen(...next, { client: "GET /a HTTP/1.1" }, { finish: "client" })).toEqual([NEXT]);
  });
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
describe("traceparent", () => {
  const traced = (value: string, pieces: number) =>
    stream(
      parsers,
      [
        { client: `GET / HTTP/1.1\r\ntraceparent: ${value}\r\nHost: a\r\n\r\n` },
        { server: ok("") },
      ],
      { pieces },
    ).calls.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]);

  it.each([
    [`00-${TRACE}-${SPAN}-01`, TRACE, SPAN],
    [`ff-${TRACE}-${SPAN}-01`, "", ""],
    [`00-${TRACE}-${SPAN}-0g`, "", ""],
    [`00-${TRACE}-${SPAN}-01x`, "", ""],
    [`00-${"0".repeat(32)}-${SPAN}-01`, "", ""],
    [`00-${TRACE}-${"0".repeat(16)}-01`, "", ""],
    [`00-${TRACE}`, "", ""],
    ["", "", ""],
  ])("%s", (value, trace, span) => {
    for (const pieces of [1, 7, 1000]) expect(traced(value, pieces)).toEqual([[trace, span]]);
  });

  it("of a request that breaks off is not kept in parts", () => {
    const [call] = calls(
      { client: `GET / HTTP/1.1\r\ntraceparent: 00-${TRACE}` },
      { finish: "client" },
    );
    expect(call).toMatchObject({ traceId: "", parentSpanId: "" });
  });
});

describe("what turns a connection into something else", () => {
  it("is a tunnel, in which everything dies", () => {
    const connect = "CONNECT u:p@example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n";
    expect(
      seen(
        { client: connect },
        { client: "\x16\x03\x01early" },
        { server: "HTTP/1.1 200 Established\r\nContent-Length: 5\r\n\r\n" },
        ...next,
      ),
    ).toEqual(["CONNECT example.org:443 200"]);
  });

  it("is no tunnel when it was refused", () => {
    const refused = "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno";
    const connect: Step = { client: "CONNECT example.org:443 HTTP/1.1\r\n\r\n" };
    const expected = ["CONNECT example.org:443 407", NEXT];
    expect(seen(connect, { server: refused }, ...next)).toEqual(expected);
    const early: Step = { client: "\x16\x03\x01early\n" };
    expect(seen(connect, early, { server: refused }, ...next)).toEqual(expected);
  });

  const upgrade = (to: string): Step => ({
    client: `GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`,
  });
  it("is a websocket", () => {
    const switched = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x05hello";
    expect(calls(upgrade("websocket"), { server: switched }, ...next)).toMatchObject([
      { method: "GET", resource: "/chat", status: "101", notes: ["upgraded"] },
    ]);
  });

  it("is HTTP/2, where the request goes on as stream 1", () => {
    const switched = "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    const [first, second] = calls(upgrade("h2c"), { server: switched });
    expect(first).toMatchObject({ protocol: "http1", status: "101", notes: ["upgraded"] });
    expect(second).toMatchObject({ protocol: "http2", method: "GET", resource: "/chat" });
    expect(second?.startNs).toBe(first?.startNs);
  });

  it("is nothing when the server does not follow", () => {
    expect(seen(upgrade("h2c"), { server: ok("plain") }, ...next)).toEqual(["GET /chat 200", NEXT]);
  });
});
