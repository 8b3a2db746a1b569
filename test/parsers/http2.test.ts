import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { newParsers, type Step, stream, summaries } from "./harness.ts";
import {
  clientBegins,
  data,
  FLAG,
  frame,
  GET,
  HTTPS,
  headers,
  indexed,
  inserted,
  join,
  literal,
  OK,
  PATH,
  request,
  reset,
  STATUS,
  serverBegins,
  TYPE,
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
const { endStream, endHeaders, padded, priority } = FLAG;

describe("calls of HTTP/2", () => {
  it("reads method, path, status, sizes and times", () => {
    const block = request("/orders/7;v=1/x?q=1#f");
    const sent = join(headers(1, block), data(1, "body", endStream));
    const answer = join(headers(1, OK), data(1, "answer", endStream));
    const [call] = calls({ client: sent }, { server: answer });
    expect(call).toMatchObject({
      protocol: "http2",
      method: "GET",
      resource: "/orders/7/x",
      status: "200",
      error: false,
      notes: [],
      requestBytes: BigInt(sent.length),
      responseBytes: BigInt(answer.length),
      latencyNs: 1_000_000n,
      firstByteLatencyNs: 1_000_000n,
      source: { address: "192.0.2.1", port: 40_000 },
      destination: { address: "192.0.2.2", port: 80 },
    });
  });

  it("tells the first from the last byte of a response", () => {
    const [call] = calls(
      { client: headers(1, request("/"), endStream) },
      { server: headers(1, OK) },
      { server: data(1, "x") },
      { server: data(1, "", endStream) },
    );
    expect(call).toMatchObject({ firstByteLatencyNs: 1_000_000n, latencyNs: 3_000_000n });
  });

  it("keeps streams apart that are answered in another order", () => {
    const found = calls(
      { client: headers(1, request("/a"), endStream) },
      { client: headers(3, request("/b"), endStream) },
      { server: headers(3, literal(STATUS, "503"), endStream) },
      { server: headers(1, indexed(9), endStream) },
    );
    expect(summaries(found)).toEqual(["GET /b 503", "GET /a 204"]);
    expect(found.map(({ error }) => error)).toEqual([true, false]);
  });

  it("finds what it inserted into either table", () => {
    const found = calls(
      {
        client: headers(1, join(inserted(2, "PROPFIND"), inserted(PATH, "/a?x"), HTTPS), endStream),
      },
      { server: headers(1, inserted(STATUS, "418"), endStream) },
      { client: headers(3, join(indexed(63), indexed(62)), endStream) },
      { server: headers(3, indexed(62), endStream) },
    );
    expect(summaries(found)).toEqual(["PROPFIND /a 418", "PROPFIND /a 418"]);
  });

  it("takes an unregistered method for _OTHER", () => {
    const block = join(literal(2, "brew"), literal(PATH, "/pot"));
    const found = calls(
      { client: headers(1, block, endStream) },
      { server: headers(1, OK, endStream) },
    );
    expect(summaries(found)).toEqual(["_OTHER /pot 200"]);
  });

  it.each([
    ["https://user:pw@example.org/p?q", "/p"],
    ["http://example.org", ""],
    ["*", "*"],
    ["user:pw@example.org/p", ""],
    ["/a;p=1;r/b;q/c", "/a/b/c"],
    ["/a\x01secret", "/a"],
  ])("keeps of the path %j only %j", (path, kept) => {
    const found = calls(
      { client: headers(1, request(path), endStream) },
      { server: headers(1, OK, endStream) },
    );
    expect(found[0]?.resource).toBe(kept);
  });

  it("cuts a path of more than 8192 bytes, and says so", () => {
    const found = calls(
      { client: frame(TYPE.headers, endStream | endHeaders, 1, request(`/${"a".repeat(9000)}`)) },
      { server: headers(1, OK, endStream) },
    );
    expect(found[0]?.resource).toHaveLength(8192);
    expect(found[0]?.notes).toEqual(["resource_cut"]);
  });

  it("reads blocks in pieces, behind padding and priority", () => {
    const block = join(request("/pieces"), literal("cookie", SECRET.repeat(80)));
    const padding = join(
      Buffer.of(5),
      u32(0),
      Buffer.of(9),
      block.subarray(0, 10),
      SECRET.slice(0, 5),
    );
    const found = calls(
      { client: frame(TYPE.headers, endStream | padded | priority, 1, padding) },
      { client: frame(TYPE.continuation, 0, 1, block.subarray(10, 400)) },
      { client: frame(TYPE.continuation, endHeaders, 1, block.subarray(400)) },
      {
        server: join(headers(1, OK), data(1, join(Buffer.of(3), "xyz", "pad"), padded | endStream)),
      },
    );
    expect(summaries(found)).toEqual(["GET /pieces 200"]);
  });

  it("waits for the final response behind interim ones, and for its trailers", () => {
    const found = calls(
      { client: headers(1, request("/"), endStream) },
      { server: headers(1, literal(STATUS, "103")) },
      { server: join(headers(1, OK), data(1, "x")) },
      { server: headers(1, literal("x-trailer", SECRET), endStream) },
    );
    expect(summaries(found)).toEqual(["GET / 200"]);
    expect(found[0]).toMatchObject({ notes: ["interim"], latencyNs: 3_000_000n });
  });

  it("carries the trace of a request", () => {
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const found = calls(
      { client: headers(1, request("/", inserted("traceparent", trace)), endStream) },
      { client: headers(3, join(GET, literal(PATH, "/"), indexed(62)), endStream) },
      { client: headers(5, request("/", literal("traceparent", trace.toUpperCase())), endStream) },
      { server: join(...[1, 3, 5].map((id) => headers(id, OK, endStream))) },
    );
    const expected = { traceId: trace.slice(3, 35), parentSpanId: trace.slice(36, 52) };
    expect(found[0]).toMatchObject(expected);
    expect(found[1]).toMatchObject(expected);
    expect(found[2]).toMatchObject({ traceId: "", parentSpanId: "" });
  });

  it("takes a pushed stream for a call that nobody made", () => {
    const promise = join(u32(2), request("/style.css"));
    const found = calls(
      { client: headers(1, request("/"), endStream) },
      { server: frame(TYPE.promise, endHeaders, 1, promise) },
      { server: join(headers(1, OK, endStream), headers(2, OK), data(2, "css", endStream)) },
    );
    expect(summaries(found)).toEqual(["GET / 200", "GET /style.css 200"]);
    expect(found[1]).toMatchObject({ notes: ["pushed"], source: { port: 40_000 } });
  });

  it("ends a reset stream as an error, with the status it had", () => {
    const found = calls(
      { client: join(headers(1, request("/a")), headers(3, request("/b"), endStream)) },
      { client: reset(1, 8) },
      { server: join(headers(3, OK), reset(3, 2)) },
    );
    expect(summaries(found)).toEqual(["GET /a ", "GET /b 200"]);
    expect(found[0]).toMatchObject({ error: true, notes: ["no_response", "reset"] });
    expect(found[1]).toMatchObject({ error: true, notes: ["reset"] });
  });

  it("gives up what the server never acted on when it goes away", () => {
    const { calls: found } = stream(
      parsers,
      [
        ...begin,
        { client: join(headers(1, request("/a")), headers(3, request("/b"))) },
        { server: frame(TYPE.goaway, 0, 0, join(u32(1), u32(0), SECRET)) },
        { server: headers(1, OK, endStream) },
      ],
      { open: true },
    );
    expect(summaries(found)).toEqual(["GET /b ", "GET /a 200"]);
  });

  it("reports what is left unanswered at the end", () => {
    const found = calls({ client: headers(1, request("/slow")) });
    expect(found[0]).toMatchObject({ resource: "/slow", status: "", notes: ["no_response"] });
  });

  it("goes on from an upgraded HTTP/1 request", () => {
    const { calls: found } = stream(parsers, [
      {
        client:
          "GET /up?q HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
      },
      { server: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" },
      { server: join(serverBegins, headers(1, OK), data(1, "x", endStream)) },
      { client: clientBegins },
      { client: headers(3, request("/next"), endStream) },
      { server: headers(3, OK, endStream) },
    ]);
    const http2 = found.filter(({ protocol }) => protocol === "http2");
    expect(summaries(http2)).toEqual(["GET /up 200", "GET /next 200"]);
    expect(http2[0]?.notes).toContain("upgraded");
  });
});
