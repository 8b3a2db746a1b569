import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { requireOrSkip } from "../../support/require.ts";
import { DEFINITIONS } from "../kafka-definitions.ts";
import { Random } from "./random.ts";
import { PROTOCOLS, runCanary } from "./run.ts";
import { findSecret, huffmanCoded } from "./secret.ts";

const STREAMS = 1280;

it("finds six bytes of a secret wherever they are, and no five", () => {
  for (let at = 0; at < 20; at++) {
    const bytes = Buffer.alloc(32, 0x61);
    bytes.write("jKQvWX", at);
    expect(findSecret(bytes)).toBe(at);
    bytes[at] = 0x61;
    expect(findSecret(bytes)).toBe(-1);
  }
  expect(findSecret(huffmanCoded("XZXZXZ") as Buffer)).toBe(0);
});

it("makes the same of the same seed", () => {
  const some = (seed: number) => {
    const random = new Random(seed);
    return random.many(5, 5, () => random.next());
  };
  expect(some(2 ** 40)).toEqual(some(2 ** 40));
  expect(some(2 ** 40)).not.toEqual(some(2 ** 40 + 1));
  expect(some(1)).not.toEqual(some(2));
});

it.each(PROTOCOLS)(
  "no secret in %s survives",
  (protocol) => {
    const { streams, calls } = runCanary({ seed: 1, streams: STREAMS, only: [protocol] });
    expect(streams).toBe(STREAMS);
    // That they were understood: what nobody knows dies without any effort.
    const told = [...calls.values()].reduce((sum, count) => sum + count, 0);
    expect(told).toBeGreaterThan(STREAMS);
  },
  120_000,
);

it("no secret in kafka survives", (ctx) => {
  requireOrSkip(
    ctx,
    existsSync(DEFINITIONS) || "no ../shared/corpus/kafka-schemas",
    "the messages",
  );
  const { calls } = runCanary({ seed: 1, streams: STREAMS, only: ["kafka"] });
  expect(calls.get("kafka")).toBeGreaterThan(STREAMS);
}, 120_000);
