/** The built agent as a process of its own: what it prints, what it serves, how it ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LiveView } from "../../../src/model/live-view.ts";

const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
const WAIT_TIMEOUT_MS = 15_000;

/** One line of the agent's JSON log. */
export type LogLine = Readonly<Record<string, unknown>> & { level?: string; msg?: string };

export interface AgentProcess {
  child: ChildProcess;
  /** Everything on standard error, a line each. */
  lines: string[];
  /** Those of them that are log lines. */
  log: LogLine[];
  stdout(): string;
  /** The first log line, also among the earlier ones, for which `wanted` holds. */
  logged(wanted: (line: LogLine) => boolean): Promise<LogLine>;
  /** Address of the live page with its token, once printed. */
  pageUrl(): Promise<URL>;
  /** What the live page shows, asked for as the page does. */
  view(): Promise<LiveView>;
  /** `http://127.0.0.1:PORT` of the health server, once it listens. */
  healthUrl(): Promise<string>;
  /** Sends the signal and returns the exit code; null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** Waits for the end; ends it the hard way when it does not come. */
  ended(timeoutMs?: number): Promise<number | null>;
}

export interface AgentOptions {
  /** Without the prefix `PROBECTL_EBPF_`. */
  environment?: Readonly<Record<string, string>>;
  /** A command to run it under, such as `setpriv ...`. */
  prefix?: readonly string[];
}

export function startAgent(args: readonly string[], options: AgentOptions = {}): AgentProcess {
  const { environment = {}, prefix = [] } = options;
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, MAIN, ...args];
  const keys = Object.entries(environment).map(([key, value]) => [`PROBECTL_EBPF_${key}`, value]);
  const env = { PATH: process.env.PATH, ...Object.fromEntries(keys) };
  const child = spawn(command, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "close");
  const lines: string[] = [];
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    if (line.startsWith("{")) log.push(JSON.parse(line));
    for (const look of waiting) look();
  });

  /** Resolves with what `find` finds, as soon as it does. */
  const found = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = () => {
        waiting.delete(look);
        reject(new Error(`the agent did not say it:\n${lines.join("\n")}`));
      };
      const timer = setTimeout(fail, WAIT_TIMEOUT_MS);
      const look = () => {
        const value = find();
        if (value === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(value);
      };
      waiting.add(look);
      look();
    });

  const ended = async (timeoutMs = WAIT_TIMEOUT_MS): Promise<number | null> => {
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    await exited;
    clearTimeout(timer);
    return child.exitCode;
  };
  const match = (pattern: RegExp) => () =>
    lines.map((line) => pattern.exec(line)?.[1]).find((text) => text !== undefined);
  const pageUrl = async () => new URL(await found(match(/Live page: (http:\S+)/)));
  return {
    child,
    lines,
    log,
    stdout: () => stdout,
    logged: (wanted) => found(() => log.find(wanted)),
    pageUrl,
    view: async () => {
      const { origin, hash } = await pageUrl();
      const headers = { Authorization: hash.replace("#token=", "Bearer ") };
      const response = await fetch(`${origin}/api/view`, { headers });
      if (!response.ok) throw new Error(`the live page answered ${response.status}`);
      return (await response.json()) as LiveView;
    },
    healthUrl: () => found(match(/"health: (http:\/\/[^/"]+)\/metrics"/)),
    end: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended();
    },
    ended,
  };
}

/** Samples of a Prometheus text by `name{labels}`. */
export function samplesOf(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Sum over all samples of a metric, `name` with its prefix. */
export function sampleSum(text: string, name: string): number {
  let sum = 0;
  for (const [key, value] of samplesOf(text)) {
    if (key.split("{", 1)[0] === name) sum += value;
  }
  return sum;
}
