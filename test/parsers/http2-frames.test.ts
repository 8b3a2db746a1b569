/** The frame cases of the corpus: whole frames are taken, broken ones end the connection. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { requireOrSkip } from "../support/require.ts";
import { hex, newParsers, type Step, stream, summaries } from "./harness.ts";
import {
  clientBegins,
  FLAG,
  headers,
  indexed,
  join,
  OK,
  request,
  serverBegins,
} from "./http2-support.ts";

const CASES = fileURLToPath(new URL("../../../shared/corpus/http2-frames", import.meta.url));

/** The cases' header block is no HPACK, which ends a connection: one of as many bytes that is. */
const DUMMY_BLOCK = Buffer.from("this is dummy").toString("hex");
const EMPTY_FIELDS = indexed(16)
  .toString("hex")
  .repeat(DUMMY_BLOCK.length / 2);
const wireOf = (one: FrameCase) => hex(one.wire.toLowerCase().replace(DUMMY_BLOCK, EMPTY_FIELDS));

interface FrameCase {
  readonly wire: string;
  readonly error: readonly number[] | null;
  readonly frame: { readonly type: number; readonly flags: number } | null;
}

const cases = existsSync(CASES)
  ? readdirSync(CASES, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".json"),
    )
  : [];

/** The first instance may have to be built. */
const BUILD_TIMEOUT_MS = 120_000;

let parsers: Parsers;
beforeAll(() => {
  parsers = newParsers();
}, BUILD_TIMEOUT_MS);

describe("frame cases", () => {
  it.for([...cases, "all"])("%s", (name, ctx) => {
    requireOrSkip(ctx, cases.length > 0 || `${CASES} is not there`, "the corpus");
    if (name === "all") {
      expect(cases.length).toBeGreaterThan(15);
      return;
    }
    const one: FrameCase = JSON.parse(readFileSync(joinPath(CASES, name), "utf8"));
    const { error, frame } = one;
    const wire = wireOf(one);
    parsers.reset();
    const opens = frame?.type === 1 && (frame.flags & FLAG.endHeaders) === 0;
    // A fragment alone is a part of what began before it.
    const before = frame?.type === 9 ? hex("000000010000000032") : "";
    const isPromise = wire[3] === 5;
    const after = opens
      ? hex("000000090400000001")
      : before === ""
        ? ""
        : hex("000000090400000032");
    const bytes = join(before, wire, after);
    const steps: Step[] = [
      { client: join(clientBegins, headers(101, request("/before"), FLAG.endStream)) },
      { server: join(serverBegins, headers(101, OK, FLAG.endStream)) },
      isPromise ? { server: bytes } : { client: bytes },
      { client: headers(103, request("/after"), FLAG.endStream) },
      { server: headers(103, OK, FLAG.endStream) },
    ];
    const { calls } = stream(parsers, steps, { open: true });
    const good = ["GET /before 200", ...(error === null ? ["GET /after 200"] : [])];
    expect(summaries(calls)).toEqual(good);
    expect(parsers.counters().malformed).toBe(error === null ? 0n : 1n);
  });
});
