/** A sink's log that a test can read, and wait for. */

import type { SinkLog } from "../../../src/emit/sink-log.ts";

export class TestLog {
  /** `<level> <message>` each. */
  readonly lines: string[] = [];
  readonly #waiting: { text: string; resolve: () => void }[] = [];

  readonly log: SinkLog = (level, message) => {
    this.lines.push(`${level} ${message}`);
    for (const { text, resolve } of this.#waiting) if (message.includes(text)) resolve();
  };

  /** What an operator sees at the default level. */
  get loud(): string[] {
    return this.lines.filter((line) => !line.startsWith("debug "));
  }

  /** Resolves when a line with `text` is logged from now on. */
  next(text: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ text, resolve }));
  }
}
