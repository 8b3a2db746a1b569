/**
 * `npm test [-- filter]`: set up, then every check, quickest first. Each check that is not a test
 * run counts as one test. With a filter only the matching test files run.
 *
 * The last line is `N passed, N failed`, with `, N skipped` when something was.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ending, root, SetupError, say } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const CHECK_TIMEOUT_MS = 300_000;
const UNIT_TIMEOUT_MS = 600_000;
const LIVE_TIMEOUT_MS = 2_400_000;

const CHECKS = [
  { name: "format and lint", args: ["node_modules/@biomejs/biome/bin/biome", "check", "."] },
  {
    name: "types",
    args: ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.test.json"],
  },
  { name: "imports", args: ["scripts/check-imports.mjs"] },
];

/** @typedef {import("./lib/test-reporter.mjs").TestReport} TestReport */

function runNode(args, timeoutMs, env = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: timeoutMs };
  const result = spawnSync(process.execPath, args, { ...options, stdio: "inherit" });
  return result.status === 0 ? "" : ending(result, timeoutMs);
}

/** @returns {TestReport} */
function runCheck({ name, args }) {
  heading(name);
  const failure = runNode(args, CHECK_TIMEOUT_MS);
  if (failure === "") return { passed: 1, failed: 0, skipped: [] };
  return failed(`${name}: ${failure}`);
}

/** @returns {TestReport} */
function runProject(project, filter, timeoutMs) {
  heading(`${project} tests`);
  const file = join(root, `build/test/${project}.json`);
  mkdirSync(join(root, "build/test"), { recursive: true });
  rmSync(file, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project];
  args.push("--reporter=default", "--reporter=./scripts/lib/test-reporter.mjs");
  if (filter.length > 0) args.push("--passWithNoTests", ...filter);
  const failure = runNode(args, timeoutMs, { PROBECTL_TEST_REPORT: file });
  if (!existsSync(file)) return failed(`${project} tests: no report, ${failure}`);
  /** @type {TestReport} */
  const report = JSON.parse(readFileSync(file, "utf8"));
  const seen = report.passed + report.failed + report.skipped.length;
  if (seen === 0 && filter.length === 0) return failed(`${project} tests: none was found`);
  // Counted, or the sum would not show it: vitest also fails for reasons of its own.
  if (failure !== "" && report.failed === 0) report.failed = 1;
  return report;
}

function heading(text) {
  process.stdout.write(`\n== ${text}\n`);
}

/** @returns {TestReport} */
function failed(line) {
  process.stdout.write(`FAIL ${line}\n`);
  return { passed: 0, failed: 1, skipped: [] };
}

/** @param {TestReport[]} reports */
function summarize(reports) {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  let failures = reports.reduce((sum, report) => sum + report.failed, 0);
  const skipped = reports.flatMap((report) => report.skipped);
  if (passed + failures === 0) failures += failed("no test was run").failed;
  process.stdout.write("\n");
  for (const { name, reason } of skipped) process.stdout.write(`SKIP ${name}: ${reason}\n`);
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  process.stdout.write(`${passed} passed, ${failures} failed${tail}\n`);
  process.exitCode = failures > 0 ? 1 : 0;
}

async function runAll(filter) {
  try {
    await setup({ forTests: true });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return [failed("set-up")];
  }
  const checks = filter.length > 0 ? [] : CHECKS.map(runCheck);
  const unit = runProject("unit", filter, UNIT_TIMEOUT_MS);
  return [...checks, unit, runProject("live", filter, LIVE_TIMEOUT_MS)];
}

summarize(await runAll(process.argv.slice(2)));
