/**
 * What procfs says about one process (proc(5)). Three small synchronous reads, each bounded to
 * 4 KiB; procfs answers from memory. All three files are readable without privileges unless
 * procfs is mounted with hidepid.
 */

import { closeSync, openSync, readSync } from "node:fs";
import { type CgroupMembership, parseCgroupFile } from "./cgroup.ts";

/**
 * Why a process could not be looked at: gone, its number belongs to another process now,
 * procfs refused, or the record has no start time that could prove who it was.
 */
export const MISS_REASONS = ["exited", "reused", "unreadable", "unproven"] as const;
export type MissReason = (typeof MISS_REASONS)[number];

export interface ProcessFiles {
  comm: string;
  memberships: CgroupMembership[];
}

const READ_BYTES_MAX = 4096;

/** USER_HZ, the unit of times in procfs: 100 on every architecture that runs the agent. */
const NS_PER_TICK = 1e9 / 100;
const START_TOLERANCE_TICKS = 1;

/** Indices in /proc/PID/stat after the `)` that ends the command name. */
const STAT_FLAGS = 6;
const STAT_START_TIME = 19;

/** linux/sched.h; stays set on a zombie. */
const PF_EXITING = 0x4;

const buffer = Buffer.alloc(READ_BYTES_MAX);

/**
 * The files of the process `pid` that started at `startBootNs` (CLOCK_BOOTTIME), never those of
 * a later process with its number; or why there are none.
 */
export function readProcess(
  procRoot: string,
  pid: number,
  startBootNs: number,
): ProcessFiles | MissReason {
  if (startBootNs <= 0) return "unproven";
  const directory = `${procRoot}/${pid}`;
  try {
    const memberships = parseCgroupFile(readBounded(`${directory}/cgroup`));
    const comm = readBounded(`${directory}/comm`).replace(/\n$/, "");
    // Last: a process that is there now had its number during the reads above as well.
    const { flags, startTicks } = parseStat(readBounded(`${directory}/stat`));
    if (Number.isNaN(flags) || Number.isNaN(startTicks)) return "unreadable";
    if (Math.abs(startTicks - Math.floor(startBootNs / NS_PER_TICK)) > START_TOLERANCE_TICKS) {
      return "reused";
    }
    // Of an exiting process every v1 hierarchy shows `/`, as if it had been in no container.
    const exiting = (flags & PF_EXITING) !== 0;
    return exiting && memberships.length > 1 ? "exited" : { comm, memberships };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" || code === "ESRCH" ? "exited" : "unreadable";
  }
}

function parseStat(text: string): { flags: number; startTicks: number } {
  // The command name may contain spaces and parentheses; what follows it does not.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    flags: Number(fields[STAT_FLAGS] ?? "none"),
    startTicks: Number(fields[STAT_START_TIME] ?? "none"),
  };
}

/** The whole lines among the first 4 KiB of a file. */
function readBounded(path: string): string {
  const fd = openSync(path, "r");
  try {
    const size = readSync(fd, buffer, 0, READ_BYTES_MAX, 0);
    const text = buffer.toString("utf8", 0, size);
    return size < READ_BYTES_MAX ? text : text.slice(0, text.lastIndexOf("\n") + 1);
  } finally {
    closeSync(fd);
  }
}
