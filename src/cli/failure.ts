/** How a failure reaches the operator, and which exit code it means. */

import { AgentError } from "../model/errors.ts";

export const PROGRAM = "probectl-ebpf-agent";

/** 0 clean stop, 1 runtime failure, 2 configuration or input refused. */
export type ExitCode = 0 | 1 | 2;

/** What a failure prints on standard error. A bug keeps its stack, for whoever has to find it. */
export function failureText(error: unknown): string {
  if (error instanceof AgentError) {
    return error.message
      .split("\n")
      .map((line) => `${PROGRAM}: ${line}\n`)
      .join("");
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${PROGRAM}: a bug in the agent: ${stack}\n`;
}

export function failureExitCode(error: unknown): ExitCode {
  const isRefused = error instanceof AgentError && /^(?:CONFIG|INPUT)_INVALID$/.test(error.code);
  return isRefused ? 2 : 1;
}
