import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { findInMemory, newParsers, type Step, stream } from "./harness.ts";
import { type TestModule, testModule } from "./hpack-support.ts";
import {
  CONTENT_TYPE,
  clientBegins,
  data,
  FLAG,
  HTTPS,
  headers,
  inserted,
  join,
  literal,
  OK,
  PATH,
  POST,
  reset,
  STATUS,
  serverBegins,
  u32,
} from "./http2-support.ts";

const { endStream } = FLAG;
const SECRET = "s3cret-message";

/** The first instance may have to be built. */
const BUILD_TIMEOUT_MS = 120_000;

let parsers: Parsers;
beforeAll(() => {
  parsers = newParsers();
}, BUILD_TIMEOUT_MS);
beforeEach(() => parsers.reset());

const begin: readonly Step[] = [{ client: clientBegins }, { server: serverBegins }];
const calls = (...steps: Step[]) => stream(parsers, [...begin, ...steps]).calls;

const message = (content: string) => join(Buffer.of(0), u32(content.length), content);
const asked = (type = "application/grpc+proto", id = 1) =>
  headers(id, join(POST, HTTPS, inserted(PATH, "/demo.Echo/Say"), inserted(CONTENT_TYPE, type)));
const trailers = (status: string, id = 1) =>
  headers(id, join(literal("grpc-status", status), literal("grpc-message", SECRET)), endStream);

describe("gRPC calls", () => {
  it("reads a unary call", () => {
    const [call, ...others] = calls(
      { client: join(asked(), data(1, message(SECRET), endStream)) },
      { server: join(headers(1, OK), data(1, message(SECRET)), trailers("0")) },
    );
    expect(call).toMatchObject({
      protocol: "grpc",
      method: "demo.Echo/Say",
      resource: "/demo.Echo/Say",
      status: "0",
      error: false,
      notes: [],
    });
    expect(others).toEqual([]);
    expect(findInMemory(parsers, SECRET)).toBe(-1);
  });

  it("makes one call of a stream of messages both ways", () => {
    const found = calls(
      { client: join(asked(), data(1, message("1"))) },
      { server: join(headers(1, OK), data(1, message("a"))) },
      { client: data(1, message("2")) },
      { server: data(1, message("b")) },
      { client: data(1, "", endStream) },
      { server: trailers("0") },
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      status: "0",
      firstByteLatencyNs: 1_000_000n,
      latencyNs: 5_000_000n,
    });
  });

  it("reads a response that is trailers only", () => {
    const answer = headers(1, join(OK, literal("grpc-status", "5")), endStream);
    const [call] = calls({ client: asked() }, { server: answer });
    expect(call).toMatchObject({ status: "5", error: true, notes: ["trailers_only"] });
  });

  it("finds the status of repeated trailers in the table", () => {
    const found = calls(
      { client: join(asked(), asked("application/grpc", 3)) },
      { server: join(headers(1, OK), headers(1, inserted("grpc-status", "7"), endStream)) },
      { server: join(headers(3, OK), headers(3, Buffer.of(0xbe), endStream)) },
    );
    expect(found.map(({ status }) => status)).toEqual(["7", "7"]);
  });

  it.each([
    ["200", "2"],
    ["400", "13"],
    ["401", "16"],
    ["403", "7"],
    ["404", "12"],
    ["429", "14"],
    ["500", "2"],
    ["502", "14"],
    ["503", "14"],
    ["504", "14"],
  ])("takes status %s without grpc-status for %s", (http, grpc) => {
    const answer = headers(1, literal(STATUS, http), endStream);
    const [call] = calls({ client: asked() }, { server: answer });
    expect(call).toMatchObject({ protocol: "grpc", status: grpc, error: true });
    expect(call?.notes).toContain("status_from_http");
  });

  it.each([
    [0, "13"],
    [2, "13"],
    [5, "2"],
    [7, "14"],
    [8, "1"],
    [9, "13"],
    [11, "8"],
    [12, "7"],
    [99, "2"],
  ])("takes a reset with code %i for status %s", (code, status) => {
    const [call] = calls({ client: asked() }, { server: join(headers(1, OK), reset(1, code)) });
    expect(call).toMatchObject({ status, error: true, notes: ["reset"] });
  });

  it("takes a status that is no number for UNKNOWN", () => {
    const [call] = calls({ client: asked() }, { server: join(headers(1, OK), trailers("no")) });
    expect(call).toMatchObject({ status: "2", error: true });
  });

  it("does not make up a status that may be in the body, or in a hole", () => {
    const [web] = calls(
      { client: asked("application/grpc-web+proto") },
      { server: join(headers(1, OK), data(1, "x", endStream)) },
    );
    expect(web).toMatchObject({ protocol: "grpc", status: "", notes: ["unknown_field"] });
    const body = data(1, "x".repeat(50));
    const [holed] = calls(
      { client: asked() },
      { server: join(headers(1, OK), body.subarray(0, 20)) },
      { gap: "server", size: 39 },
      { server: data(1, "", endStream) },
    );
    expect(holed).toMatchObject({ status: "", notes: ["response_gap", "unknown_field"] });
  });

  it("tells gRPC joined in the middle by the response", () => {
    const { calls: found } = stream(parsers, [
      { client: headers(41, join(POST, literal(PATH, "/a.B/C"), Buffer.of(0xc5)), endStream) },
      { server: join(headers(41, join(OK, Buffer.of(0xc0))), trailers("3", 41)) },
    ]);
    expect(found[0]).toMatchObject({ protocol: "grpc", method: "a.B/C", status: "3" });
  });
});

describe("gRPC messages", () => {
  let module: TestModule;
  beforeAll(() => {
    module = testModule();
  }, BUILD_TIMEOUT_MS);

  const counted = (bytes: Buffer, pieces: number) => {
    module.exports.messagesBegin();
    let count = 0;
    for (let at = 0; at < bytes.length; at += pieces) {
      count = module.exports.messagesIn(module.put(bytes.subarray(at, at + pieces)));
    }
    return count;
  };

  it.each([1, 2, 3, 7, 1000])("counts them in pieces of %i", (pieces) => {
    const bytes = join(message("one"), message(""), message("x".repeat(300)), message(""));
    expect(counted(bytes, pieces)).toBe(4);
  });

  it("goes on behind a hole in a message, and no further behind one that hides a prefix", () => {
    const bytes = message("0123456789");
    expect(counted(bytes.subarray(0, 8), 100)).toBe(1);
    module.exports.messagesGap(7);
    expect(module.exports.messagesIn(module.put(bytes))).toBe(2);
    module.exports.messagesGap(3);
    expect(module.exports.messagesIn(module.put(bytes))).toBe(2);
  });
});
