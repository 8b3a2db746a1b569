/**
 * What the tests of the parsers share: an instance of the module, streams as texts or hex, and a
 * search for what must not have survived.
 *
 * The module is build/wasm/parsers.wasm, built anew when a source is newer, or the file that
 * PROBECTL_PARSERS_WASM names.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CallRecord,
  createParsers,
  type End,
  type Ends,
  type ParserOptions,
  type ParserRecord,
  type Parsers,
  type Side,
} from "../../src/wasm/parsers.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "build/wasm/parsers.wasm");
const BUILD_TIMEOUT_MS = 120_000;

let wasm: Uint8Array | undefined;

/** Content of the module under test. */
export function parsersWasm(): Uint8Array {
  wasm ??= Uint8Array.from(readFileSync(process.env.PROBECTL_PARSERS_WASM ?? built()));
  return wasm;
}

function built(): string {
  const sources = readdirSync(join(ROOT, "assembly"), { recursive: true, encoding: "utf8" });
  const newest = sources.map((path) => statSync(join(ROOT, "assembly", path)).mtimeMs);
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > Math.max(...newest)) return BUILT;
  const script = join(ROOT, "scripts/build.mjs");
  const options = { encoding: "utf8", timeout: BUILD_TIMEOUT_MS } as const;
  const { status, stderr } = spawnSync(process.execPath, [script, "wasm"], options);
  if (status !== 0) throw new Error(`the parser module does not build\n${stderr}`);
  return BUILT;
}

export const newParsers = (options: ParserOptions = {}): Parsers =>
  createParsers(parsersWasm(), options);

const end = (last: number, port: number): End => ({
  address: Uint8Array.of(192, 0, 2, last),
  port,
});

/** A connection of 192.0.2.1 to a port of 192.0.2.2; another number is another connection. */
export function endsOf(serverPort: number, number = 0, transport: "tcp" | "udp" = "tcp"): Ends {
  return { transport, client: end(1, 40_000 + number), server: end(2, serverPort) };
}

/** One thing that happens to a connection, in order. Bytes are text (Latin-1) or as they are. */
export type Step =
  | { readonly client: string | Uint8Array }
  | { readonly server: string | Uint8Array }
  | { readonly gap: Side; readonly size: number }
  | { readonly finish: Side };

export interface Streamed {
  readonly calls: CallRecord[];
  /** What is left of the bytes of each step that had some, Latin-1, a zeroed byte as `~`. */
  readonly redacted: string[];
}

export interface StreamOptions {
  readonly ends?: Ends;
  /** Hands the bytes of each step over in pieces of at most so many. */
  readonly pieces?: number;
  /** Cuts the bytes of each step where it says: lengths of the pieces, the rest in one. */
  readonly cuts?: readonly number[];
  /** Leaves the connection open. */
  readonly open?: boolean;
  /** Time of the first step; each is a millisecond later. */
  readonly startNs?: bigint;
}

const MILLISECOND_NS = 1_000_000n;

/** Runs the steps as one connection, and ends it unless told otherwise. */
export function stream(
  parsers: Parsers,
  steps: readonly Step[],
  options: StreamOptions = {},
): Streamed {
  const ends = options.ends ?? endsOf(80);
  let timeNs = options.startNs ?? MILLISECOND_NS;
  const records: ParserRecord[] = [];
  const redacted: string[] = [];
  for (const step of steps) {
    if ("gap" in step) records.push(...parsers.gap(ends, step.gap, step.size, timeNs));
    else if ("finish" in step) records.push(...parsers.finish(ends, step.finish, timeNs));
    else {
      const side = "client" in step ? "client" : "server";
      const bytes = bytesOf("client" in step ? step.client : step.server);
      for (const piece of piecesOf(bytes, options)) {
        records.push(...parsers.chunk(ends, side, piece, timeNs));
      }
      redacted.push(Buffer.from(bytes).toString("latin1").replaceAll("\0", "~"));
    }
    timeNs += MILLISECOND_NS;
  }
  if (options.open !== true) records.push(...parsers.end(ends, timeNs));
  return { calls: records.filter((record) => record.kind === "call"), redacted };
}

/** A copy: bytes that are handed over are redacted in place. */
function bytesOf(content: string | Uint8Array): Uint8Array {
  return Uint8Array.from(typeof content === "string" ? Buffer.from(content, "latin1") : content);
}

function* piecesOf(bytes: Uint8Array, { pieces, cuts }: StreamOptions): Generator<Uint8Array> {
  let at = 0;
  for (const length of cuts ?? []) {
    if (length <= 0 || at >= bytes.length) continue;
    yield bytes.subarray(at, at + length);
    at += length;
  }
  const size = pieces ?? bytes.length;
  for (; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Hex digits, with spaces and line ends where they help to read. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/\s+/g, ""), "hex"));

/** `method resource status` of each call, as a test would like to read it. */
export const summaries = (calls: readonly CallRecord[]): string[] =>
  calls.map(({ method, resource, status }) => `${method} ${resource} ${status}`);

/** Where in the whole memory of the module the secret is found, -1: nowhere. */
export function findInMemory(parsers: Parsers, secret: string | Uint8Array): number {
  const memory = parsers.memory();
  const bytes = typeof secret === "string" ? Buffer.from(secret, "latin1") : secret;
  return Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength).indexOf(bytes);
}
