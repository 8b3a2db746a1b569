import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { newParsers, type Step, stream, summaries } from "./harness.ts";
import {
  clientBegins,
  data,
  FLAG,
  GET,
  HTTPS,
  headers,
  indexed,
  inserted,
  join,
  OK,
  PATH,
  POST,
  request,
  serverBegins,
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
const { endStream } = FLAG;

describe("connections that are joined in the middle", () => {
  const answered = (id: number) => ({ server: headers(id, OK, endStream) });

  it("reads what it can and marks what it cannot know", () => {
    const { calls: found } = stream(parsers, [
      { client: headers(41, join(indexed(70), POST, HTTPS, inserted("x-id", "1")), endStream) },
      answered(41),
      { client: headers(43, join(GET, indexed(4), indexed(62)), endStream) },
      answered(43),
    ]);
    expect(summaries(found)).toEqual(["POST  200", "GET / 200"]);
    expect(found[0]?.notes).toEqual(["mid_join", "unknown_field"]);
    expect(found[1]?.notes).toEqual(["mid_join"]);
  });

  it("finds what is inserted from then on by its index", () => {
    const first = join(POST, HTTPS, inserted(PATH, "/seen"), inserted("x-a", "1"));
    const { calls: found } = stream(parsers, [
      { client: headers(41, first, endStream) },
      answered(41),
      { client: headers(43, join(POST, indexed(63)), endStream) },
      answered(43),
      { client: headers(45, join(POST, indexed(64)), endStream) },
      answered(45),
    ]);
    expect(summaries(found)).toEqual(["POST /seen 200", "POST /seen 200", "POST  200"]);
  });

  it("learns from the bytes who the client is", () => {
    const { calls: found } = stream(parsers, [
      { client: headers(7, OK, endStream) },
      { server: headers(9, join(GET, indexed(4)), endStream) },
      { client: headers(9, OK, endStream) },
    ]);
    expect(summaries(found)).toEqual(["GET / 200"]);
    expect(found[0]).toMatchObject({ source: { port: 80 }, destination: { port: 40_000 } });
  });

  it("joins within a frame when the other side has told the protocol", () => {
    const { calls: found } = stream(parsers, [
      { server: SECRET.repeat(12) },
      { client: headers(41, request("/a"), endStream) },
      { server: join(SECRET, headers(41, OK), data(41, "x", endStream)) },
    ]);
    expect(summaries(found)).toEqual(["GET /a 200"]);
  });

  it("withdraws a wrong guess without a call", () => {
    const { calls: found } = stream(parsers, [
      { client: join(headers(1, request("/a")), "\x00\x00\x00GARBAGE".repeat(40)) },
      { server: "\xffgarbage".repeat(40) },
    ]);
    expect(found.filter(({ status }) => status !== "")).toEqual([]);
  });
});

describe("responses that are cut", () => {
  it.each([
    ["the server's end", [{ finish: "server" }] as const],
    ["the end of the connection", []],
    ["what is no frame", [{ server: "\xffgarbage" }] as const],
  ])("keep the status they had at %s", (_name, cut) => {
    const found = calls(
      { client: join(headers(1, request("/a"), endStream), headers(3, request("/b"), endStream)) },
      { server: headers(5, indexed(9), endStream) },
      { client: headers(7, request("/whole"), endStream) },
      { server: join(headers(7, OK, endStream), headers(1, OK), data(1, "part")) },
      ...cut,
    );
    expect(summaries(found)).toEqual(["GET /whole 200", "GET /a 200", "GET /b "]);
    expect(found[1]?.notes).toEqual(["truncated"]);
    expect(found[2]?.notes).toEqual(["no_response"]);
  });
});

describe("holes", () => {
  it("goes on behind a hole within a body", () => {
    const body = Buffer.alloc(9000, "x");
    const whole = join(headers(1, OK), data(1, body, endStream));
    const found = calls(
      { client: headers(1, request("/big"), endStream) },
      { server: whole.subarray(0, 1024) },
      { gap: "server", size: whole.length - 1124 },
      { server: whole.subarray(-100) },
      { client: headers(3, request("/next"), endStream) },
      { server: headers(3, OK, endStream) },
    );
    expect(summaries(found)).toEqual(["GET /big 200", "GET /next 200"]);
    expect(found[0]).toMatchObject({
      notes: ["response_gap"],
      responseBytes: BigInt(whole.length),
    });
    expect(found[1]?.notes).toEqual([]);
  });

  it("a hole may be all that is left of a frame", () => {
    const found = calls(
      { client: headers(1, request("/big"), endStream) },
      { server: join(headers(1, OK), data(1, "0123456789", endStream).subarray(0, 12)) },
      { gap: "server", size: 7 },
    );
    expect(summaries(found)).toEqual(["GET /big 200"]);
  });

  it("finds the next frame behind a hole, and makes nothing up", () => {
    const found = calls(
      { client: headers(1, join(inserted(PATH, "/a"), GET), endStream) },
      { server: headers(1, OK, endStream) },
      { gap: "client", size: 0 },
      { client: join(SECRET, "\0\0\0\0\0", headers(5, join(POST, indexed(62)), endStream)) },
      { server: headers(5, OK, endStream) },
      { client: headers(7, request("/c"), endStream) },
      { server: headers(7, OK, endStream) },
    );
    expect(summaries(found)).toEqual(["GET /a 200", "POST  200", "GET /c 200"]);
    expect(found[1]?.notes).toContain("unknown_field");
  });

  it("loses a header block with a hole in it, and the table", () => {
    const block = join(POST, inserted(PATH, "/lost"), inserted("x-big", "y".repeat(2000)));
    const whole = headers(1, block, endStream);
    const found = calls(
      { client: whole.subarray(0, 100) },
      { gap: "client", size: 500 },
      { client: whole.subarray(600) },
      { client: headers(3, join(GET, indexed(63)), endStream) },
      { server: join(headers(1, OK, endStream), headers(3, OK, endStream)) },
    );
    expect(summaries(found)).toEqual(["  200", "GET  200"]);
    expect(found.map(({ notes }) => notes)).toEqual([["unknown_field"], ["unknown_field"]]);
  });
});
