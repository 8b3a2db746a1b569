/**
 * HTTP/2 as it should not be: seeds of another implementation's fuzzer, generated sessions that
 * are mutated, cut anywhere and full of holes. Whatever comes, the module does not trap, the
 * pieces do not matter, and no secret is left.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CallRecord, Parsers } from "../../src/wasm/parsers.ts";
import { requireOrSkip } from "../support/require.ts";
import { endsOf, findInMemory, newParsers, type Step, stream } from "./harness.ts";
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
  numbers,
  OK,
  PATH,
  POST,
  STATUS,
  serverBegins,
  TYPE,
  tableSize,
  u32,
} from "./http2-support.ts";

const CORPUS = new URL("../../../shared/corpus/", import.meta.url).pathname;
const ROUNDS = Number(process.env.HTTP2_FUZZ_ROUNDS ?? 400);
const SEED = Number(process.env.HTTP2_FUZZ_SEED ?? 1);
const SECRET = "cAnArYcAnArY";

/** The first instance may have to be built. */
const BUILD_TIMEOUT_MS = 120_000;

let parsers: Parsers;
beforeAll(() => {
  // What other protocols take a broken stream for is not the question here.
  parsers = newParsers({ hints: new Map([[80, "http2"]]) });
}, BUILD_TIMEOUT_MS);

type Random = (limit: number) => number;

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)] as T;

/**
 * A header block: often a good one, with secrets where they die. In a path only where nothing is
 * mutated: a semicolon that is none any more makes them a part of it.
 */
function block(random: Random, isRequest: boolean, inPath: string): Buffer {
  const fields = [
    () => indexed(random(80)),
    () => inserted(`x-${random(9)}`, SECRET),
    () => literal(`y-${random(9)}`, SECRET),
    () => inserted(PATH, `/p${random(9)};${inPath}/q?${inPath}`),
    () => inserted("grpc-status", String(random(20))),
    () => inserted(31, pick(random, ["application/grpc", "text/html", SECRET])),
    () => inserted(62 + random(4), SECRET),
    () => literal("z", SECRET.repeat(random(40))),
  ];
  const first = isRequest ? pick(random, [GET, POST]) : pick(random, [OK, literal(STATUS, "500")]);
  const update = random(8) === 0 ? tableSize(random(5000)) : Buffer.alloc(0);
  const rest = Array.from({ length: random(6) }, () => pick(random, fields)());
  return join(update, first, ...rest);
}

function frames(random: Random, isClient: boolean, inPath: string): Buffer {
  const id = 1 + random(8);
  const flags = random(4) === 0 ? random(256) : pick(random, [0, 1, 4, 5]);
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      return headers(id, block(random, isClient, inPath), random(2));
    case 3: {
      const whole = block(random, isClient, inPath);
      const cut = random(whole.length);
      return join(
        frame(TYPE.headers, random(2), id, whole.subarray(0, cut)),
        frame(TYPE.continuation, FLAG.endHeaders, id, whole.subarray(cut)),
      );
    }
    case 4:
    case 5:
      return data(id, SECRET.repeat(random(30)), flags & ~FLAG.padded);
    case 6:
      return frame(
        TYPE.promise,
        FLAG.endHeaders,
        id,
        join(u32(2 * random(5)), block(random, true, inPath)),
      );
    case 7:
      return frame(TYPE.ping, 0, 0, SECRET.slice(0, 8));
    default:
      return frame(random(12), flags, id, u32(random(14)));
  }
}

/** Overwrites some bytes, at most one in 60. */
function mutate(random: Random, bytes: Buffer): Buffer {
  for (let count = random(1 + bytes.length / 60); count > 0; count--) {
    bytes[random(bytes.length)] = random(3) === 0 ? random(256) : random(10);
  }
  return bytes;
}

function session(random: Random): Step[] {
  const isJoined = random(4) === 0;
  const steps: Step[] = isJoined ? [] : [{ client: clientBegins }, { server: serverBegins }];
  const isMutated = random(2) === 0;
  for (let count = 2 + random(12); count > 0; count--) {
    const isClient = random(2) === 0;
    if (random(9) === 0) {
      steps.push({ gap: isClient ? "client" : "server", size: random(4) === 0 ? 0 : random(99) });
      continue;
    }
    const some = () => frames(random, isClient, isMutated ? "" : SECRET);
    const bytes = join(...Array.from({ length: 1 + random(4) }, some));
    const content = isMutated ? mutate(random, bytes) : bytes;
    steps.push(isClient ? { client: content } : { server: content });
  }
  return steps;
}

/** Calls without what differs between two connections. */
const essence = (calls: readonly CallRecord[]) =>
  calls.map(({ connection, source, ...call }) => ({ ...call, isClient: source.port > 40_000 }));

const run = (steps: readonly Step[], number: number, pieces?: number, cuts?: number[]) =>
  stream(parsers, steps, {
    ends: endsOf(80, 1 + number),
    ...(pieces === undefined ? {} : { pieces }),
    ...(cuts === undefined ? {} : { cuts }),
  });

describe("hostile HTTP/2", () => {
  it("gives the same calls however the bytes are cut", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = numbers(SEED * 1_000_003 + round);
      const steps = session(random);
      const whole = essence(run(steps, 0).calls);
      const cuts = Array.from({ length: 50 }, () => 1 + random(40));
      expect(essence(run(steps, 0, 1).calls), `round ${round}, bytes`).toEqual(whole);
      expect(essence(run(steps, 0, 7, cuts).calls), `round ${round}, cuts`).toEqual(whole);
    }
  });

  it("keeps no secret, in the calls or anywhere in memory", () => {
    parsers.reset();
    const secret = SECRET.slice(0, 6);
    for (let round = 0; round < ROUNDS; round++) {
      const random = numbers(SEED * 2_000_003 + round);
      const steps = session(random);
      const { calls, redacted } = run(steps, round % 50, 1 + random(60));
      expect(JSON.stringify(essence(calls), noBigints), `round ${round}`).not.toContain(secret);
      expect(redacted.join(""), `round ${round}`).not.toContain(secret);
      if (round % 50 === 49) expect(findInMemory(parsers, secret), `round ${round}`).toBe(-1);
    }
  });

  it("takes the seeds of another fuzzer, as either side", (ctx) => {
    const seeds = seedFiles();
    requireOrSkip(ctx, seeds.length > 0 || "no corpus", "the corpus");
    for (const [index, bytes] of seeds.entries()) {
      for (const pieces of [1, 13, 1_000_000]) {
        run([{ client: clientBegins }, { server: bytes }], index, pieces);
        run([{ client: join(clientBegins, bytes) }, { server: serverBegins }], index, pieces);
        run([{ client: bytes }, { server: bytes }], index, pieces);
      }
    }
    expect(parsers.counters().parser_traps).toBe(0n);
  });
});

const noBigints = (_key: string, value: unknown) =>
  typeof value === "bigint" ? value.toString() : value;

function seedFiles(): Buffer[] {
  const folder = joinPath(CORPUS, "http2-streams/nghttp2");
  return ["h2spec", "nghttp"].flatMap((name) => {
    try {
      const path = joinPath(folder, name);
      return readdirSync(path).map((file) => readFileSync(joinPath(path, file)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}
