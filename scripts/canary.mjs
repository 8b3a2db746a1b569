#!/usr/bin/env node
/**
 * The canary gate (test/parsers/canary) for as long as wanted:
 *
 *   npm run canary -- [--minutes N] [--seed S] [--streams N] [--only PROTOCOL,...]
 *
 * 60 minutes unless told otherwise, from a seed of the clock. What fails names its seed: run it
 * again with that seed, `--streams 1` and the same `--only`. Exit code 1: a secret survived.
 */
import { parseArgs } from "node:util";
import { createVitest } from "vitest/node";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    streams: { type: "string" },
    only: { type: "string" },
  },
});

function count(name, fallback) {
  const value = values[name] === undefined ? fallback : Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`canary: --${name} ${values[name]} is not a number`);
  process.exit(2);
}

const canary = {
  seed: count("seed", Date.now()),
  streams: count("streams", Number.MAX_SAFE_INTEGER),
  minutes: count("minutes", 60),
  only: values.only?.split(",") ?? [],
};
console.error(`canary: seed ${canary.seed}, at most ${canary.minutes} minutes`);

const vitest = await createVitest("test", { project: "live", run: true, watch: false });
vitest.provide("canary", canary);
for (const project of vitest.projects) project.provide("canary", canary);
await vitest.start(["test/live/canary.test.ts"]);
await vitest.close();
