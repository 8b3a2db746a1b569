/** What the tests of the redaction module share: its bytes, and texts instead of buffers. */
import { existsSync, readFileSync } from "node:fs";
import { createRedactor, type Redactor, type RedactStatus } from "../../src/wasm/redactor.ts";

const WASM = new URL("../../build/wasm/redact.wasm", import.meta.url);

/** Fails, never skips: the module is built on every host. */
export function readRedactWasm(): Uint8Array<ArrayBuffer> {
  if (!existsSync(WASM)) throw new Error("build/wasm/redact.wasm is missing: npm run build");
  return Uint8Array.from(readFileSync(WASM));
}

export const newRedactor = (): Redactor => createRedactor(readRedactWasm());

export interface Redacted {
  /** Latin-1, all chunks together, each zeroed byte as `~`. */
  text: string;
  status: RedactStatus;
}

/**
 * Send the chunks (Latin-1) through a fresh stream, one call each, all at the start of staging.
 * What lies behind a chunk must not count: a line feed would end something, letters go on.
 */
export function redactChunks(
  redactor: Redactor,
  chunks: readonly string[],
  { slot = 0, behind = "\n" }: { slot?: number; behind?: "\n" | "abc\n" } = {},
): Redacted {
  redactor.reset(slot);
  let text = "";
  let status: RedactStatus = 0;
  for (const chunk of chunks) {
    const length = chunk.length;
    redactor.staging.set(Buffer.from(chunk, "latin1"), 0);
    redactor.staging.set(Buffer.alloc(64, behind), length);
    status = redactor.redact(slot, 0, length);
    text += Buffer.from(redactor.staging.subarray(0, length)).toString("latin1");
  }
  return { text: text.replaceAll("\0", "~"), status };
}

/** Cut a text at the given positions; what lies outside it is no cut. */
export function cutAt(text: string, positions: readonly number[]): string[] {
  const inside = positions.filter((position) => position > 0 && position < text.length);
  const cuts = [...new Set([0, ...inside, text.length])].sort((a, b) => a - b);
  return cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut));
}
