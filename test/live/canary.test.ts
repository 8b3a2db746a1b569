/** The canary gate at its full size; `npm run canary` runs it as long as it is told. */

import { existsSync } from "node:fs";
import { expect, inject, it } from "vitest";
import { PROTOCOLS, runCanary } from "../parsers/canary/run.ts";
import { DEFINITIONS } from "../parsers/kafka-definitions.ts";
import { requireOrSkip } from "../support/require.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** From scripts/canary.mjs; there is none otherwise. */
    canary: CanaryRequest | undefined;
  }
}

interface CanaryRequest {
  readonly seed: number;
  readonly streams: number;
  readonly minutes: number;
  readonly only: readonly string[];
}

const STREAMS = 100_000;
const TIMEOUT_MS = 30 * 60_000;
const request = inject("canary");

it(
  "no secret survives in any of the streams",
  (ctx) => {
    requireOrSkip(
      ctx,
      existsSync(DEFINITIONS) || "no ../shared/corpus/kafka-schemas",
      "the messages",
    );
    const { seed = 1_000_000, streams = STREAMS, only = [] } = request ?? {};
    const untilMs = performance.now() + (request?.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
    const protocols = only.length > 0 ? only : [...PROTOCOLS, "kafka"];
    const result = runCanary({ seed, streams, untilMs, only: protocols });
    console.info(`${result.streams} streams, calls:`, Object.fromEntries(result.calls));
    if (request === undefined) expect(result.streams).toBe(STREAMS);
  },
  request === undefined ? TIMEOUT_MS : 0,
);
