/**
 * HTTP/1 cases of others, with their expected results: documents of a parser's own tests, and
 * recorded exchanges, many of them bent on purpose.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { newParsers, type Step, type StreamOptions, stream, summaries } from "./harness.ts";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/", import.meta.url));
const CASES = `${CORPUS}llhttp/test/`;
const EXCHANGES = `${CORPUS}http1-streams/libhtp/`;
const parsers = newParsers();
const isThere = (path: string) => existsSync(path) || "it is not beside the repository";

interface Case {
  name: string;
  side: "request" | "response";
  bytes: string;
  /** How many heads and how many whole messages there are. */
  heads: number;
  whole: number;
}

const CASE =
  /##+ ([^\n]*)\n[^#]*?<!-- meta=(\{.*?\}) -->\s*```http\n([\s\S]*?)```\s*```log\n([\s\S]*?)```/g;

/** Cases that ask for what every recipient should do: no option of that parser is set. */
function readCases(): Case[] {
  return (["request", "response"] as const).flatMap((side) =>
    readdirSync(CASES + side).flatMap((file) =>
      [...readFileSync(`${CASES}${side}/${file}`, "utf8").matchAll(CASE)].flatMap((match) => {
        const [, title = "", meta = "", http = "", log = ""] = match;
        if (/lenient/.test(meta)) return [];
        const count = (event: string) => log.split(event).length - 1;
        const heads = count("headers complete");
        const name = `${file}: ${title}`;
        return { name, side, bytes: wire(http), heads, whole: count("message complete") };
      }),
    ),
  );
}

/** In the documents a line feed is CRLF unless escaped, and the last one is not sent. */
const wire = (http: string) =>
  http
    .replace(/\\\n/g, "")
    .replace(/\n/g, "\r\n")
    .replace(/\\r/g, "\r")
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/\\f/g, "\f")
    .replace(/\r\n$/, "");

/** Where this parser answers otherwise, and why. */
const OTHERWISE: Record<string, [heads: number, whole: number]> = {
  // A coding overrides a length (RFC 9112 6.3), and `identity` is none.
  "content-length.md: Error on simultaneous `Content-Length` and `Transfer-Encoding: identity`": [
    1, 0,
  ],
  // The case tells that parser that there is no body.
  "content-length.md: Content-Length reset when no body is received": [1, 0],
  // Other protocols and versions are none of ours.
  "sample.md: RTSP response": [0, 0],
  "sample.md: ICE response": [0, 0],
  "sample.md: HTTP version 0.9": [0, 0],
  // A bare LF ends a line (RFC 9112 2.2).
  "sample.md: No carriage ret": [1, 0],
  // The status is known before the field that breaks the grammar.
  "sample.md: Spaces in header name": [1, 0],
};

describe("cases of llhttp", () => {
  it("are framed as they say", (ctx) => {
    requireOrSkip(ctx, isThere(CASES), "the corpus");
    const cases = readCases();
    expect(cases.length).toBeGreaterThan(50);
    for (const { name, side, bytes, heads, whole } of cases) {
      const requests = { client: "GET / HTTP/1.1\r\n\r\n".repeat(5) };
      const steps: Step[] =
        side === "request"
          ? [{ client: bytes }, { finish: "client" }]
          : [requests, { server: bytes }];
      const { calls } = stream(parsers, steps);
      const found = side === "request" ? calls : calls.filter(({ status }) => status !== "");
      const cut = found.filter(({ notes }) =>
        notes.some((n) => n === "truncated" || n === "malformed"),
      );
      const got = [found.length, found.length - cut.length];
      expect([name, got]).toEqual([name, OTHERWISE[name] ?? [heads, whole]]);
    }
  });
});

/** `>>>` and `<<<` on a line of their own say who speaks; the line end before them is theirs. */
function readExchange(file: string): Step[] {
  const text = readFileSync(EXCHANGES + file, "latin1");
  const parts = text.split(/(?:^|\r?\n)(>>>|<<<)\r?\n/).slice(1);
  return parts.flatMap((bytes, at) => {
    if (at % 2 === 0) return [];
    return parts[at - 1] === ">>>" ? { client: bytes } : { server: bytes };
  });
}

describe("exchanges of libhtp", () => {
  it.for<[file: string, expected: string[]]>([
    ["03-post-urlencoded.t", ["POST / 200", "GET / 200"]],
    ["05-expect.t", ["POST / 200"]],
    ["09-multi-packet-request-head.t", ["GET / 200"]],
    ["12-connect-request.t", ["CONNECT www.ssllabs.com:443 405"]],
    ["15-connect-complete.t", ["CONNECT www.feistyduck.com:443 200"]],
    [
      "20-ambiguous-host.t",
      ["GET /1 200", "GET /2 200", "POST /3 200", "POST /4 200", "POST /5 200"],
    ],
    ["21-http09.t", []],
    ["35-early-response.t", ["POST / 400"]],
    ["36-invalid-request-1-invalid-c-l.t", []],
    ["61-empty-line-between-requests.t", ["GET /first 200", "GET /second 200"]],
    ["64-post-chunked-invalid-2.t", []],
    ["66-post-chunked-split-chunk.t", ["POST / 200"]],
    ["71-response-split-chunk.t", ["GET / 200"]],
    ["73-response-te-and-cl.t", ["GET / 200"]],
    ["77-response-folded-headers.t", ["POST / 200", "GET / 200"]],
  ])("%s", ([file, expected], ctx) => {
    requireOrSkip(ctx, isThere(EXCHANGES), "the corpus");
    expect(summaries(stream(parsers, readExchange(file)).calls)).toEqual(expected);
  });

  it("are the same whatever the chunks", (ctx) => {
    requireOrSkip(ctx, isThere(EXCHANGES), "the corpus");
    const files = readdirSync(EXCHANGES).filter((name) => name !== "LICENSE");
    expect(files.length).toBeGreaterThan(40);
    for (const file of files) {
      const read = (options: StreamOptions) => stream(parsers, readExchange(file), options).calls;
      const whole = read({});
      for (const pieces of [1, 2, 3, 7, 16, 61])
        expect([file, read({ pieces })]).toEqual([file, whole]);
    }
  });
});
