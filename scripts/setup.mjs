/**
 * The step before `npm start` and `npm test`: everything a fresh clone lacks, and nothing when it
 * lacks nothing (no process is started then). Uses only what Node itself brings.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPackages, providePackages, testPackages } from "./lib/packages.mjs";
import { isMain, root, runScript, runTool, SetupError, say } from "./lib/run.mjs";

const NODE_MAJOR_MIN = 20;
const NODE_MINOR_MIN = 19;
const INSTALL_TIMEOUT_MS = 900_000;

/**
 * @param {{ forTests?: boolean }} options forTests also provides what only the tests use
 * @throws {SetupError} when this Node is too old, the packages cannot be had, or a build fails
 */
export async function setup({ forTests = false } = {}) {
  checkNode();
  installModules();
  providePackages(buildPackages, "live capture");
  if (forTests) providePackages(testPackages, "the tests");
  const { build } = await import("./build.mjs");
  build();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor >= NODE_MINOR_MIN)) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old: install Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or newer`,
  );
}

function installModules() {
  const lockfile = readFileSync(join(root, "package-lock.json"));
  const digest = createHash("sha256").update(lockfile).digest("hex");
  const stamp = join(root, "node_modules/.probectl-lock.sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  say("installing the npm packages");
  const npm = process.env.npm_execpath ?? "";
  const [command, script] = npm.endsWith("npm-cli.js") ? [process.execPath, [npm]] : ["npm", []];
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund"];
  runTool("npm ci", command, [...script, ...args], { timeoutMs: INSTALL_TIMEOUT_MS });
  writeFileSync(stamp, digest);
}

if (isMain(import.meta.url)) {
  await runScript(() => setup({ forTests: process.argv.includes("--tests") }));
}
