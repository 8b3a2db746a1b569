/**
 * The source that replays recorded flows from a JSON array, on every system and without
 * privileges. Each entry is delivered once, as one flow record, at start.
 *
 * Bounds: files of at most 64 MiB; records are handed over 1024 at a time from one buffer.
 */

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { AgentError, reasonOf } from "../model/errors.ts";
import { FLOW_RECORD_SIZE } from "../model/flow-record.ts";
import { counter } from "../model/metric.ts";
import type { FlowRecordHandler, FlowSource } from "../model/ports.ts";
import { type FixtureEntry, parseFixtureEntry } from "./fixture-entry.ts";
import { writeFixtureRecord } from "./fixture-record.ts";

const FILE_BYTES_MAX = 64 * 1024 * 1024;
const RECORDS_PER_BATCH = 1024;

export interface FixtureSourceOptions {
  path: string;
  /** CLOCK_MONOTONIC in ns, the clock of the records; default: the process's own. */
  monoNowNs?: () => bigint;
}

/**
 * A source over the fixture at `path`. `start` rejects with AgentError INPUT_INVALID, one line
 * that names the file, the entry (from 1) and the key, before any record is delivered.
 */
export function createFixtureSource(options: FixtureSourceOptions): FlowSource {
  const monoNowNs = options.monoNowNs ?? process.hrtime.bigint;
  let replayed = 0;
  let isReady = false;
  return {
    mode: "fixture",
    async start(handler) {
      const entries = parseFixture(options.path, await readFixture(options.path));
      deliver(entries, monoNowNs(), handler);
      replayed = entries.length;
      isReady = true;
    },
    collect() {
      // Everything was delivered at start.
    },
    ready: () => isReady,
    metrics: () => [counter("fixture_records_total", "Recorded flows replayed.", replayed)],
    async stop() {
      isReady = false;
    },
  };
}

/** The text of the fixture, without a byte order mark. */
async function readFixture(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    if (error instanceof AgentError) {
      throw error;
    }
    const problem = `cannot be read (${reasonOf(error)}); set fixture_path to a JSON file`;
    throw invalid(path, problem, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid(path, "is not UTF-8 text; a fixture is a JSON array of flows", error);
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  // Without O_NONBLOCK a FIFO in place of the file would hold the agent here for good.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw invalid(path, "is not a regular file; set fixture_path to a JSON file");
    }
    if (stat.size > FILE_BYTES_MAX) {
      throw invalid(path, `has ${stat.size} bytes; split it into files of at most 64 MiB`);
    }
    const bytes = new Uint8Array(stat.size);
    const { bytesRead } = await file.read(bytes, 0, stat.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseFixture(path: string, text: string): FixtureEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(path, "is not valid JSON; a fixture is a JSON array of flows", error);
  }
  if (!Array.isArray(json)) {
    throw invalid(path, "must be a JSON array of flows");
  }
  return json.map((value, index) => {
    const entry = parseFixtureEntry(value);
    if (typeof entry === "string") {
      throw invalid(path, `entry ${index + 1}: ${entry}`);
    }
    return entry;
  });
}

function deliver(
  entries: readonly FixtureEntry[],
  observedMonoNs: bigint,
  handler: FlowRecordHandler,
): void {
  const view = new DataView(new ArrayBuffer(RECORDS_PER_BATCH * FLOW_RECORD_SIZE));
  const bytes = new Uint8Array(view.buffer);
  for (let first = 0; first < entries.length; first += RECORDS_PER_BATCH) {
    const batch = entries.slice(first, first + RECORDS_PER_BATCH);
    bytes.fill(0);
    batch.forEach((entry, index) => {
      const connectionId = first + index + 1;
      writeFixtureRecord(view, index * FLOW_RECORD_SIZE, entry, connectionId, observedMonoNs);
    });
    handler(bytes.subarray(0, batch.length * FLOW_RECORD_SIZE));
  }
}

function invalid(path: string, problem: string, cause?: unknown): AgentError {
  return new AgentError("INPUT_INVALID", `${path}: ${problem}`, {}, cause);
}
