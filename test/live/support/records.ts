/** Waiting for one particular record of a collector, and what the kernel says of processes. */

import { statSync } from "node:fs";
import type { Collector, SeenRecord } from "./collector.ts";

const RECORD_TIMEOUT_MS = 5_000;

export type Wanted = Partial<SeenRecord>;

/** All records so far that have every wanted value. */
export function recordsOf(collector: Collector, wanted: Wanted): SeenRecord[] {
  const values = Object.entries(wanted) as [keyof SeenRecord, unknown][];
  return collector.records.filter((record) =>
    values.every(([key, value]) => record[key] === value),
  );
}

/** The one record with the wanted values, as soon as it is there; more than one is an error. */
export async function recordOf(collector: Collector, wanted: Wanted): Promise<SeenRecord> {
  try {
    await collector.until(() => recordsOf(collector, wanted).length > 0, RECORD_TIMEOUT_MS);
  } catch (cause) {
    throw new Error(`no record ${JSON.stringify(wanted)}`, { cause });
  }
  const [record, ...more] = recordsOf(collector, wanted);
  if (record === undefined || more.length > 0) {
    throw new Error(`${more.length + 1} records ${JSON.stringify(wanted)}`);
  }
  return record;
}

/** Inode of the network namespace a process is in. */
export function netnsOf(pid: number): number {
  return statSync(`/proc/${pid}/ns/net`).ino;
}
