/** Every API and version of the Kafka message definitions, with messages made from them. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it, type TestContext } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { endsOf, findInMemory, newParsers, type Step, stream } from "./harness.ts";
import { WARM_UP } from "./kafka-bytes.ts";
import {
  type Api,
  DEFINITIONS,
  frame,
  type Message,
  MessageWriter,
  randomOf,
  readApis,
  SECRET,
} from "./kafka-definitions.ts";

const PORT = 9092;
const ROUNDS = 6;

function requireDefinitions(ctx: TestContext): void {
  const present = existsSync(DEFINITIONS) || "no ../shared/corpus/kafka-schemas";
  requireOrSkip(ctx, present, "the Kafka message definitions");
}

interface Exchange {
  readonly steps: Step[];
  readonly request: Message;
  readonly response: Message;
}

function exchangeOf(api: Api, version: number, seed: number): Exchange {
  const random = randomOf(seed * 7919 + api.key * 131 + version);
  const clientId = api.key === 7 && version === 0 ? undefined : random(3) === 0 ? null : SECRET;
  const request = new MessageWriter(api.request, version, random).message(clientId);
  const response = new MessageWriter(api.response, version, random).message(undefined);
  const id = random(0x7fffffff);
  return {
    request,
    response,
    steps: [
      { client: frame({ key: api.key, version, id }, request.bytes) },
      { server: frame({ id }, response.bytes) },
    ],
  };
}

const distinct = (names: readonly string[]): string => {
  // What the parser remembers of a call is bounded: beyond it a name may be told again.
  const kept: string[] = [];
  for (const name of names) if (!kept.slice(0, 19).includes(name)) kept.push(name);
  return kept.join(",");
};

function expected(api: Api, { request, response }: Exchange) {
  const told = request.topics.length + request.ids.length > 0;
  const names = told ? request.topics : response.topics;
  const ids = told ? request.ids : response.ids;
  const error = response.errors.find((code) => code !== 0) ?? 0;
  return {
    method: api.name,
    resource: distinct(names),
    status: String(error),
    error: error !== 0,
    notes: ids.length > 0 ? ["topic_unresolved"] : [],
  };
}

/** ApiVersions with UNSUPPORTED_VERSION has the fields of version 0: a case of its own. */
const isFallback = (api: Api, { response }: Exchange): boolean =>
  api.key === 18 && response.errors.includes(35);

function* exchanges(): Generator<[Api, number, Exchange]> {
  for (const api of readApis()) {
    for (let version = 0; version <= api.last; version++) {
      for (let round = 0; round < ROUNDS; round++) {
        const exchange = exchangeOf(api, version, round);
        if (!isFallback(api, exchange)) yield [api, version, exchange];
      }
    }
  }
}

it("has a table that is up to date", (ctx) => {
  requireDefinitions(ctx);
  const script = fileURLToPath(new URL("../../scripts/generate-kafka.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, DEFINITIONS, "--check"], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect([status, stderr]).toEqual([0, ""]);
});

it("tells the calls of every API and version, and keeps no secret of them", (ctx) => {
  requireDefinitions(ctx);
  const parsers = newParsers();
  let count = 0;
  for (const [api, version, exchange] of exchanges()) {
    const ends = endsOf(PORT, count++ % 1000);
    const { calls, redacted } = stream(parsers, exchange.steps, { ends });
    const context = `${api.name} v${version}`;
    const { request, response } = exchange;
    expect({ context, calls }).toMatchObject({ context, calls: [expected(api, exchange)] });
    expect(Number(calls[0]?.requestBytes), context).toBe(request.bytes.length + 12);
    expect(Number(calls[0]?.responseBytes), context).toBe(response.bytes.length + 8);
    expect(redacted.join(""), context).not.toContain(SECRET.slice(0, 4));
  }
  expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
  expect(count).toBeGreaterThan(1500);
});

it("tells the same whatever the chunks", (ctx) => {
  requireDefinitions(ctx);
  const whole = newParsers();
  const cut = newParsers();
  let number = 0;
  for (const [api, version, { steps }] of exchanges()) {
    if (number++ % 5 !== version % 5) continue;
    const ends = endsOf(PORT, number % 1000);
    // The bytes that tell the protocol die, so they come before what is compared.
    stream(whole, WARM_UP, { ends, open: true });
    const one = stream(whole, steps, { ends });
    for (const pieces of [1, 2 + (number % 13)]) {
      stream(cut, WARM_UP, { ends, open: true });
      const other = stream(cut, steps, { ends, pieces });
      expect({ name: api.name, version, ...other }).toEqual({ name: api.name, version, ...one });
    }
    expect(findInMemory(cut, SECRET.slice(0, 6)), `${api.name} v${version}`).toBe(-1);
  }
});
