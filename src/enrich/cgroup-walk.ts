/**
 * A bounded walk of a cgroup hierarchy. The inode of a cgroup directory is the cgroup's id
 * (kernfs, since Linux 5.5; ids are not handed out twice while the host runs).
 */

import { opendirSync, statSync } from "node:fs";

export interface CgroupWalk {
  /** Path from the root of the hierarchy (`/a/b`) by inode. */
  readonly paths: ReadonlyMap<number, string>;
  /** True when there were more directories than the bound. */
  readonly truncated: boolean;
}

/** Walks `root` breadth first, at most `max` directories. What cannot be read is skipped. */
export function walkCgroups(root: string, max: number): CgroupWalk {
  const paths = new Map<number, string>();
  const queue = [""];
  let truncated = false;
  // The queue grows while it is walked.
  for (const path of queue) {
    const stats = ifReadable(() => statSync(root + path, { throwIfNoEntry: false }));
    if (stats === undefined || !stats.isDirectory()) continue;
    paths.set(stats.ino, path === "" ? "/" : path);
    // Two links are the directory itself and its name: it has no children, and most have none.
    if (stats.nlink === 2 || truncated) continue;
    ifReadable(() => {
      for (const name of childrenOf(root + path)) {
        truncated = queue.length >= max;
        if (truncated) return;
        queue.push(`${path}/${name}`);
      }
    });
  }
  return { paths, truncated };
}

/** The inode of a directory of the hierarchy, undefined when it cannot be seen. */
export function cgroupInode(root: string, path: string): number | undefined {
  // Of a path that leaves this cgroup namespace, the rest would name another directory here.
  if (path.includes("/..")) return undefined;
  return ifReadable(() => statSync(root + path, { throwIfNoEntry: false }))?.ino;
}

function* childrenOf(path: string): Generator<string> {
  const directory = opendirSync(path);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.isDirectory()) yield entry.name;
    }
  } finally {
    directory.closeSync();
  }
}

/** Cgroups vanish while they are read and may be forbidden; anything but an errno is a bug. */
function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "errno" in error) return undefined;
    throw error;
  }
}
