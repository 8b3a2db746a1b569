/**
 * What the running agent costs this host: `npm run bench:live`, described in docs/overhead.md.
 *
 *   node bench/live/main.mjs [--quick] [--json FILE]
 *
 * Needs root, a kernel the agent can watch live, and a C compiler. Ends within six minutes,
 * with --quick within one; leaves nothing behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SetupError } from "../../scripts/lib/run.mjs";
import { compileLoad } from "./load.mjs";
import { otherAgents } from "./proc.mjs";
import { reportText } from "./report.mjs";
import { measureRounds } from "./rounds.mjs";
import { measureIdle, measureLoaded, measurePrograms } from "./steady.mjs";

const PLANS = {
  full: {
    pairs: 11,
    callMs: 50,
    warmMs: 500,
    runMs: 2500,
    idle: { calmMs: 12_000, idleMs: 60_000 },
    loaded: { runMs: 25_000, flushInterval: "10s" },
    programsMs: 3000,
  },
  quick: {
    pairs: 9,
    callMs: 5,
    warmMs: 100,
    runMs: 400,
    idle: { calmMs: 3000, idleMs: 15_000 },
    loaded: { runMs: 3000, flushInterval: "1s" },
    programsMs: 1000,
  },
};

function checkHost() {
  if (process.platform !== "linux" || process.getuid() !== 0) {
    throw new SetupError("needs root on Linux, to attach and to make network namespaces");
  }
  const others = otherAgents(process.pid);
  if (others.length > 0) {
    throw new SetupError(`another agent is attached (pid ${others.join(", ")}): stop it`);
  }
}

async function measure(folder, quick) {
  const plan = quick ? PLANS.quick : PLANS.full;
  const program = compileLoad(folder);
  const host = {
    cpus: cpus().length,
    model: cpus()[0].model.trim(),
    kernel: release(),
    node: process.versions.node,
  };
  const date = new Date().toISOString().slice(0, 10);
  const rounds = await measureRounds(folder, program, plan, say);
  say(`idle for ${(plan.idle.calmMs + plan.idle.idleMs) / 1000} s`);
  const idle = await measureIdle(folder, plan.idle);
  say("loaded");
  const loaded = await measureLoaded(folder, program, plan.loaded);
  const programs = await measurePrograms(folder, program, plan.programsMs);
  return { date, host, quick, plan, rounds, idle, loaded, programs };
}

function say(line) {
  process.stderr.write(`bench: ${line}\n`);
}

async function main() {
  const { values } = parseArgs({
    options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
  });
  checkHost();
  const folder = mkdtempSync(join(tmpdir(), "probectl-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const results = await measure(folder, values.quick);
  process.stdout.write(`\n${reportText(results)}`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
}

// On exit the agent under measurement is ended and the scratch folder removed.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
