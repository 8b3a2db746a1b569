/**
 * The agent's log: pino lines on standard error, as JSON or as short lines for people. Both are
 * written in this thread; there is no worker that could lose the last line at exit.
 * Never logged: payload, secrets, and the addresses, executables or pids of workloads.
 */

import { type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import type { LogConfig } from "./config.ts";

export type Logger = PinoLogger;

/** Where whole lines go, each with its line feed. */
export interface LineTarget {
  write(line: string): unknown;
}

export function createLogger(config: LogConfig, target: LineTarget = process.stderr): Logger {
  const options = {
    level: config.level,
    // pid and hostname of each line are the journal's business; `host` is in what is published.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const lines: LineTarget = { write: (line) => target.write(textLine(line)) };
  return pino(options, config.format === "text" ? lines : target);
}

/** A JSON line of pino as `12:00:00.000 INFO  message key=value`, on one line whatever it holds. */
function textLine(json: string): string {
  const { time, level, msg, ...facts } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const words = [clock, String(level).toUpperCase().padEnd(5)];
  if (msg !== undefined) words.push(bare(msg));
  for (const [key, value] of Object.entries(facts)) words.push(`${bare(key)}=${factText(value)}`);
  return `${words.join(" ")}\n`;
}

function factText(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@%+,-]+$/.test(value) ? value : visible(value);
  // pino's form of an Error: for people its message says it; JSON lines carry the stack.
  if (value instanceof Object && "stack" in value && "message" in value)
    return visible(value.message);
  return visible(value);
}

function bare(value: unknown): string {
  const text = String(value);
  return /\p{Cc}/u.test(text) ? visible(text) : text;
}

function visible(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );
}
