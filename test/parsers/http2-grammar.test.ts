import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { endsOf, findInMemory, newParsers, type Step, stream, summaries } from "./harness.ts";
import {
  clientBegins,
  data,
  FLAG,
  frame,
  GET,
  headers,
  indexed,
  inserted,
  join,
  literal,
  OK,
  PATH,
  POST,
  PREFACE,
  request,
  serverBegins,
  settings,
  TYPE,
  tableSize,
  u32,
} from "./http2-support.ts";

const SECRET = "s3cret-canary";

/** The first instance may have to be built. */
const BUILD_TIMEOUT_MS = 120_000;

let parsers: Parsers;
beforeAll(() => {
  parsers = newParsers();
}, BUILD_TIMEOUT_MS);
beforeEach(() => parsers.reset());

const begin: readonly Step[] = [{ client: clientBegins }, { server: serverBegins }];
const calls = (...steps: Step[]) => stream(parsers, [...begin, ...steps]).calls;
const { endStream, endHeaders, padded } = FLAG;

describe("what breaks the grammar", () => {
  const good: readonly Step[] = [
    { client: headers(9, request("/after"), endStream) },
    { server: headers(9, OK, endStream) },
  ];
  const proven: readonly Step[] = [
    { client: headers(1, request("/first"), endStream) },
    { server: headers(1, OK, endStream) },
  ];
  it.each([
    ["RST_STREAM of 8 bytes", frame(TYPE.reset, 0, 1, "12345678")],
    ["PRIORITY of 8 bytes", frame(TYPE.priority, 0, 1, "12345678")],
    ["PING of 4 bytes", frame(TYPE.ping, 0, 0, "1234")],
    ["SETTINGS of 10 bytes", settings("0123456789")],
    ["WINDOW_UPDATE of 3 bytes", frame(TYPE.windowUpdate, 0, 0, "123")],
    ["GOAWAY of 4 bytes", frame(TYPE.goaway, 0, 0, "1234")],
    ["GOAWAY on a stream", frame(TYPE.goaway, 0, 3, "12345678")],
    ["DATA on no stream", data(0, "x")],
    ["HEADERS on no stream", headers(0, OK)],
    ["CONTINUATION of nothing", frame(TYPE.continuation, endHeaders, 3, OK)],
    [
      "a frame within a block",
      join(frame(TYPE.headers, 0, 3, GET), frame(TYPE.ping, 0, 0, "12345678")),
    ],
    ["more padding than payload", data(3, join(Buffer.of(200), "short"), padded)],
    ["a promise of an odd stream", frame(TYPE.promise, endHeaders, 1, join(u32(3), GET))],
  ])("%s ends the connection, and what follows dies", (_name, broken) => {
    const secret = `${SECRET}-tail`;
    const { calls: found, redacted } = stream(parsers, [
      ...begin,
      ...proven,
      { client: join(broken, secret) },
      ...good,
    ]);
    expect(summaries(found)).toEqual(["GET /first 200"]);
    expect(redacted.at(4)?.slice(-secret.length)).toBe("~".repeat(secret.length));
    expect(parsers.counters().malformed).toBe(1n);
  });

  const badIndex = join(POST, inserted(PATH, "/x"), indexed(99));
  it.each([
    ["in one frame", headers(3, badIndex, endStream)],
    [
      "in two frames",
      join(frame(TYPE.headers, endStream, 3, badIndex), frame(TYPE.continuation, endHeaders, 3)),
    ],
    ["with padding", frame(TYPE.headers, endHeaders | padded, 3, join("\x02", badIndex, "zz"))],
  ])("a header block that cannot be decoded, %s, ends the connection", (_name, broken) => {
    const steps = [...begin, ...proven, { client: join(broken, SECRET) }, ...good];
    const { calls: found, redacted } = stream(parsers, steps, { open: true });
    expect(summaries(found)).toEqual(["GET /first 200", "POST /x "]);
    expect(found[1]?.notes).toContain("malformed");
    expect(redacted.at(4)?.slice(-SECRET.length)).toBe("~".repeat(SECRET.length));
    expect(parsers.counters().malformed).toBe(1n);
    expect(findInMemory(parsers, SECRET)).toBe(-1);
  });

  it("no byte of what follows is held as a head, however it is cut", () => {
    const broken = headers(3, badIndex, endStream);
    const cut = [...SECRET].map((char) => ({ client: Buffer.from(char) }));
    stream(parsers, [...begin, ...proven, { client: broken }, ...cut], { open: true });
    expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
    expect(parsers.counters().malformed).toBe(1n);
  });

  it("a reference to an entry from before a hole is no error", () => {
    const found = calls(
      ...proven,
      { gap: "client", size: 0 },
      { client: headers(3, join(GET, indexed(99)), endStream) },
      { server: headers(3, OK, endStream) },
      ...good,
    );
    expect(summaries(found)).toEqual(["GET /first 200", "GET  200", "GET /after 200"]);
    expect(found[1]?.notes).toContain("unknown_field");
    expect(parsers.counters().malformed).toBe(0n);
  });

  it("a block found behind a hole that cannot be decoded was none: the search goes on", () => {
    const found = calls(
      ...proven,
      { gap: "client", size: 0 },
      { client: headers(3, join(GET, indexed(0)), endStream) },
      ...good,
    );
    expect(summaries(found)).toEqual(["GET /first 200", "GET /after 200"]);
    expect(parsers.counters().malformed).toBe(0n);
  });

  it.each([
    ["HEADERS", frame(TYPE.headers, 0, 7, "").subarray(3)],
    ["a promise", frame(TYPE.promise, 0, 7, "").subarray(3)],
  ])("behind a hole no byte waits for the end of what looks like %s", (_name, tail) => {
    stream(
      parsers,
      [
        ...begin,
        ...proven,
        { gap: "client", size: 0 },
        { client: join("\0\x21\xbe", tail, "zzzz", SECRET) },
      ],
      { open: true },
    );
    expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
  });

  it.each([
    ["an unknown type", frame(0xbe, 0, 0), false],
    ["HEADERS", frame(TYPE.headers, endHeaders, 3), false],
    ["DATA", frame(TYPE.data, 0, 1), true],
  ])("a frame of 4 MiB of %s", (_name, head, isTaken) => {
    const long = Buffer.from(head);
    long[0] = 0x40;
    stream(parsers, [...begin, ...proven, { client: long }], { open: true });
    expect(parsers.counters().malformed).toBe(isTaken ? 0n : 1n);
  });

  it("a false head behind a hole is searched itself for the one that begins in it", () => {
    const next = headers(9, request("/after"), endStream);
    const found = calls(
      ...proven,
      { gap: "client", size: 0 },
      { client: join(frame(TYPE.ping, 0, 0, "12345678"), "\xff\xff", next) },
      { server: headers(9, OK, endStream) },
    );
    expect(summaries(found)).toEqual(["GET /first 200", "GET /after 200"]);
  });

  it("a header block of more than 64 KiB is lost, not the connection", () => {
    const piece = frame(TYPE.continuation, 0, 3, Buffer.alloc(16_000, "z"));
    const found = calls(
      { client: frame(TYPE.headers, endStream, 3, join(POST, literal(PATH, "/big"))) },
      ...Array.from({ length: 6 }, () => ({ client: piece })),
      { client: frame(TYPE.continuation, endHeaders, 3, "") },
      { server: headers(3, OK, endStream) },
      ...good,
    );
    expect(summaries(found)).toEqual(["  200", "GET /after 200"]);
    expect(parsers.counters().over_limit).toBe(1n);
  });

  it("gives the oldest of 1025 open streams up", () => {
    const ids = Array.from({ length: 1025 }, (_, index) => 2 * index + 1);
    const found = calls({ client: join(...ids.map((id) => headers(id, GET))) });
    expect(found).toHaveLength(1025);
    expect(found[0]?.notes).toEqual(["no_response", "evicted"]);
  });
});

describe("redaction of HTTP/2", () => {
  const session: readonly Step[] = [
    { client: join(PREFACE, settings(), frame(TYPE.ping, 0, 0, SECRET.slice(0, 8))) },
    { server: serverBegins },
    {
      client: join(
        headers(
          1,
          join(
            GET,
            literal(PATH, `/p;${SECRET}/q?${SECRET}`),
            inserted("authorization", SECRET),
            literal(Buffer.of(0xf1, 0xe3), SECRET),
            inserted(`x-${SECRET}`, SECRET),
          ),
        ),
        data(1, join(Buffer.of(SECRET.length), SECRET, SECRET), padded | endStream),
        frame(0x42, 0xff, 7, SECRET),
      ),
    },
    { server: join(headers(1, join(OK, inserted("set-cookie", SECRET))), data(1, SECRET)) },
    { server: headers(1, literal("grpc-message", SECRET), endStream) },
    { server: frame(TYPE.goaway, 0, 0, join(u32(1), u32(0), SECRET)) },
  ];

  it.each([1, 2, 5, 100_000])("keeps frame heads alone, in pieces of %i", (pieces) => {
    const { calls: found, redacted } = stream(parsers, session, { pieces, open: true });
    expect(summaries(found)).toEqual(["GET /p/q 200"]);
    const heads = "~~~\x04~~~~~~~\x08\x06~~~~~~~~~~~~~";
    // Bytes that were held until they told the protocol die in any case.
    const preface = pieces < PREFACE.length ? "~".repeat(PREFACE.length) : PREFACE;
    expect(redacted[0]).toBe(preface.toString("latin1") + heads);
    expect(redacted.join()).not.toContain(SECRET.slice(0, 6));
    expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
  });

  it("leaves everything as it is in mode full", () => {
    const full = newParsers({ redaction: "full" });
    const { redacted } = stream(full, session);
    expect(redacted[3]).toContain(SECRET);
  });

  it("keeps nothing of a block that never ends", () => {
    const ends = endsOf(80, 1);
    stream(parsers, [...begin, { client: frame(TYPE.headers, 0, 1, SECRET.repeat(50)) }], { ends });
    expect(findInMemory(parsers, SECRET)).toBe(-1);
  });

  it("forgets the entries that a smaller table evicts", () => {
    const found = calls(
      { client: headers(1, join(GET, inserted(PATH, "/evicted-path")), endStream) },
      {
        client: headers(
          3,
          join(tableSize(0), tableSize(4096), GET, literal(PATH, "/b")),
          endStream,
        ),
      },
      { server: join(headers(1, OK, endStream), headers(3, OK, endStream)) },
    );
    expect(summaries(found)).toEqual(["GET /evicted-path 200", "GET /b 200"]);
  });
});
