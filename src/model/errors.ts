/**
 * The one error type for what the environment or the operator can cause. A bug is an assertion
 * instead. The message says what happened and what to do next, in one line.
 */

export type AgentErrorCode =
  | "CONFIG_INVALID"
  | "INPUT_INVALID"
  | "CAPTURE_UNAVAILABLE"
  | "CAPTURE_FAILED"
  | "LISTEN_FAILED"
  | "PUBLISH_FAILED"
  | "PUBLISH_REFUSED";

export class AgentError extends Error {
  readonly code: AgentErrorCode;
  /** Typed facts for logs: never payload, secrets or workload addresses. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: AgentErrorCode,
    message: string,
    facts: Readonly<Record<string, string | number | boolean>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AgentError";
    this.code = code;
    this.facts = facts;
  }
}

/** What was thrown, as text for a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
