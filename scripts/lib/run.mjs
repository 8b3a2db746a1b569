/** What every script here needs: the root of the checkout, and a tool run to its end. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A failure whose message is all the reader needs: no stack is printed for it. */
export class SetupError extends Error {}

/** @param {string} line one line about what happens, on stderr so that stdout stays the tool's */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/** Path of a command on PATH, or "" when there is none. Spawns nothing. */
export function commandOnPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (folder !== "" && isExecutable(path)) return path;
  }
  return "";
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (["ENOENT", "EACCES", "ENOTDIR"].includes(error.code)) return false;
    throw error;
  }
}

/**
 * Run a tool in the root of the checkout with its output held back.
 *
 * @param {string} what names the work in the message of a failure
 * @throws {SetupError} one line, then the tool's own output
 */
export function runTool(what, command, args, { timeoutMs = 300_000, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`.trim();
  throw new SetupError(`${what} failed (${ending(result, timeoutMs)})\n${output}`.trimEnd());
}

/** How a finished spawnSync ended, in a few words. */
export function ending(result, timeoutMs) {
  if (result.error?.code === "ETIMEDOUT") return `no end after ${timeoutMs / 1000} s`;
  if (result.error !== undefined) return result.error.message;
  return result.status === null ? `signal ${result.signal}` : `exit code ${result.status}`;
}

/** Run `main` as the body of a script: a SetupError is its message and exit code 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** True when the module at `url` is the script node was started with. */
export function isMain(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}
