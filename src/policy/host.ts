/**
 * What configuration reads of the host. The only file of the agent that reads the environment;
 * tests hand in their own HostAccess instead.
 */

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  statfsSync,
  statSync,
} from "node:fs";
import { hostname } from "node:os";

export type CgroupVerdict = "group" | "hierarchy-root" | "not-a-cgroup" | "missing";

export interface HostAccess {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  /** This process. */
  readonly pid: number;
  /** The text of a file, or why it cannot be read; `absent` when there is no such file. */
  readText(path: string, bytesMax: number): { text: string } | { fault: string; absent: boolean };
  /** Why a regular file cannot be read, "" when it can. */
  readFault(path: string): string;
  /** What kind of place in a cgroup hierarchy (v1 or v2) a directory is. */
  cgroup(directory: string): CgroupVerdict;
}

export function systemHost(): HostAccess {
  return {
    environment: process.env,
    hostname: hostname(),
    pid: process.pid,
    readText,
    readFault,
    cgroup,
  };
}

function readText(
  path: string,
  bytesMax: number,
): { text: string } | { fault: string; absent: boolean } {
  try {
    const bytes = readAtMost(path, bytesMax + 1);
    if (bytes.length > bytesMax)
      return { fault: `it is larger than ${bytesMax} bytes`, absent: false };
    return { text: bytes.toString("utf8") };
  } catch (error) {
    return { fault: systemCode(error), absent: systemCode(error) === "ENOENT" };
  }
}

/** The beginning of a file, which may be a pipe or a device and have no size of its own. */
function readAtMost(path: string, bytesMax: number): Buffer {
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(bytesMax);
    let length = 0;
    let count = -1;
    while (count !== 0 && length < bytesMax) {
      count = readSync(descriptor, bytes, length, bytesMax - length, null);
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function readFault(path: string): string {
  try {
    if (!statSync(path).isFile()) return "it is not a regular file";
    accessSync(path, constants.R_OK);
    return "";
  } catch (error) {
    return systemCode(error);
  }
}

// include/uapi/linux/magic.h
const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;
// kernel/cgroup/cgroup.c, cgroup_setup_root(): the root group of every hierarchy has this id,
// and the id is the inode of its directory.
const CGROUP_ROOT_INODE = 1;

export interface CgroupPlace {
  readonly isDirectory: boolean;
  /** `f_type` of statfs(2). */
  readonly fileSystem: number;
  readonly inode: number;
  readonly isMountPoint: boolean;
}

/**
 * A mount point counts as a root whatever it shows: with a cgroup namespace the root of what can
 * be seen has another inode than 1.
 */
export function judgeCgroup(place: CgroupPlace): CgroupVerdict {
  const isCgroup =
    place.fileSystem === CGROUP_SUPER_MAGIC || place.fileSystem === CGROUP2_SUPER_MAGIC;
  if (!place.isDirectory || !isCgroup) return "not-a-cgroup";
  return place.inode === CGROUP_ROOT_INODE || place.isMountPoint ? "hierarchy-root" : "group";
}

function cgroup(directory: string): CgroupVerdict {
  try {
    const status = statSync(directory);
    const isDirectory = status.isDirectory();
    return judgeCgroup({
      isDirectory,
      fileSystem: statfsSync(directory).type,
      inode: status.ino,
      isMountPoint: isDirectory && statSync(`${directory}/..`).dev !== status.dev,
    });
  } catch (error) {
    return systemCode(error) === "ENOENT" ? "missing" : "not-a-cgroup";
  }
}

/** The errno name of a failed system call; anything else is a bug and goes on. */
function systemCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return error.code;
  throw error;
}
