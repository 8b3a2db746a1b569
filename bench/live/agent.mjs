/** The agent under measurement: the built one, on its defaults, in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root, SetupError } from "../../scripts/lib/run.mjs";

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 15_000;

/** Kills the child, when it still runs, as this process exits. */
export function endWithUs(child) {
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

export class Agent {
  #child;
  #metricsUrl = "";
  /** Name of each program by its kernel id. */
  programNames = new Map();
  #flushWaiters = [];

  /**
   * Resolves once the programs are attached and the listener answers.
   *
   * @param {string} folder for its configuration file
   * @param {string} flushInterval as in the configuration
   * @throws {SetupError} when the source is not live, with the agent's reason
   */
  static async start(folder, flushInterval) {
    const agent = new Agent();
    const config = join(folder, "agent.yaml");
    const keys = { tenant_id: "bench", host: "bench", health_addr: "127.0.0.1:0" };
    writeFileSync(config, JSON.stringify({ ...keys, flush_interval: flushInterval }));
    const args = [join(root, "dist/main.js"), "run", "--config", config];
    const child = spawn(process.execPath, args, {
      // Nothing of the caller's environment may configure the agent.
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    agent.#child = child;
    endWithUs(child);
    try {
      await agent.#started();
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    return agent;
  }

  get pid() {
    return this.#child.pid;
  }

  #started() {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new SetupError(`the agent did not start: ${why}`));
      const timer = setTimeout(() => fail("no answer in time"), START_TIMEOUT_MS);
      const lines = createInterface({ input: this.#child.stderr });
      this.#child.once("exit", (code) => fail(`exit code ${code}`));
      lines.on("line", (text) => {
        const line = JSON.parse(text);
        for (const { id, name } of line.audit?.programs ?? []) this.programNames.set(id, name);
        if (line.msg === "flush") for (const wake of this.#flushWaiters.splice(0)) wake();
        if (/^source: (none|fixture)/.test(line.msg)) fail(line.msg);
        if (!line.msg?.startsWith("health: ")) return;
        this.#metricsUrl = line.msg.slice("health: ".length);
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Resolves after the next flush was logged. */
  async flushed(timeoutMs) {
    let timer;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new SetupError("the agent did not flush in time")),
        timeoutMs,
      );
    });
    await Promise.race([new Promise((resolve) => this.#flushWaiters.push(resolve)), late]);
    clearTimeout(timer);
  }

  /** Its counters: the name with labels as Prometheus writes it, without the prefix, to the value. */
  async counters() {
    const response = await fetch(this.#metricsUrl, { signal: AbortSignal.timeout(5000) });
    const lines = (await response.text()).split("\n").filter((line) => /^\w/.test(line));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space).replace(/^probectl_ebpf_/, ""), Number(line.slice(space + 1))];
      }),
    );
  }

  /** @throws {SetupError} when the stop was not clean */
  async stop() {
    const child = this.#child;
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const ended = child.exitCode === null ? once(child, "exit") : [child.exitCode];
    child.kill("SIGTERM");
    const [code] = await ended;
    clearTimeout(timer);
    if (code !== 0) throw new SetupError(`the agent stopped with exit code ${code}`);
  }
}
