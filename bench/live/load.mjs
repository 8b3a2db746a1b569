/** The load generator (load.c): compiled on the spot, run and read. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandOnPath, runTool, SetupError } from "../../scripts/lib/run.mjs";

const SPARE_MS = 20_000;

/** @returns {string} the program, in `folder` */
export function compileLoad(folder) {
  const compiler = ["cc", "gcc", "clang"].find((name) => commandOnPath(name) !== "");
  if (compiler === undefined) throw new SetupError("no C compiler, install gcc or clang");
  const program = join(folder, "load");
  runTool("the load generator", compiler, ["-O2", "-o", program, "bench/live/load.c"]);
  return program;
}

/** A running load generator that answers lines with lines of JSON. */
export class Load {
  #child;
  #lines;

  constructor(program, args) {
    this.#child = spawn(program, args.map(String), { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Its next line, as an object; `timeoutMs` is the end of it otherwise. */
  async next(timeoutMs) {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), timeoutMs);
    const { value } = await this.#lines.next();
    clearTimeout(timer);
    if (value === undefined) throw new SetupError("the load generator ended without an answer");
    return JSON.parse(value);
  }

  ask(line, timeoutMs) {
    this.#child.stdin.write(`${line}\n`);
    return this.next(timeoutMs);
  }

  async close() {
    const ended = this.#child.exitCode === null ? once(this.#child, "exit") : undefined;
    this.#child.stdin.end();
    await ended;
  }
}

/**
 * Connections for `runMs` after `warmMs` of the same that do not count.
 *
 * @param {"split" | "same"} place
 */
export async function connections(program, { warmMs, runMs, place }) {
  const load = new Load(program, ["connect", warmMs, runMs, place]);
  const answer = await load.next(warmMs + runMs + SPARE_MS);
  await load.close();
  return answer;
}
