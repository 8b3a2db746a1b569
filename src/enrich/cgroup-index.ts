/**
 * Facts by cgroup id, for one hierarchy. They come from processes that were seen in the cgroup,
 * and for those that had exited before anyone looked, from a walk of the cgroup file system.
 *
 * Bounds: `cacheMax` ids each way; a walk visits at most 20,000 directories, and its pause is
 * 10 s or 500 times what it took, so that walks take at most 0.2% of the time.
 */

import { type CgroupFacts, type CgroupMembership, factsOfPath, isIdHierarchy } from "./cgroup.ts";
import { cgroupInode, walkCgroups } from "./cgroup-walk.ts";
import { Lru } from "./lru.ts";

const WALK_DIRECTORIES_MAX = 20_000;
export const WALK_PAUSE_MIN_MS = 10_000;
const WALK_PAUSE_FACTOR = 500;

export interface CgroupIndexOptions {
  /** Where the hierarchy is mounted. */
  root: string;
  v1: boolean;
  cacheMax: number;
  /** Monotonic clock. */
  nowMs: () => number;
}

export class CgroupIndex {
  readonly #options: CgroupIndexOptions;
  readonly #facts: Lru<number, CgroupFacts>;
  /** Ids a walk did not find: they were removed before, and never come back. */
  readonly #absent: Lru<number, true>;
  #walked: ReadonlyMap<number, string> = new Map();
  #nextWalkMs = 0;
  #walks = 0;
  #walksTruncated = 0;

  constructor(options: CgroupIndexOptions) {
    this.#options = options;
    this.#facts = new Lru(options.cacheMax);
    this.#absent = new Lru(options.cacheMax);
  }

  get evicted(): number {
    return this.#facts.evicted + this.#absent.evicted;
  }

  get walks(): number {
    return this.#walks;
  }

  get walksTruncated(): number {
    return this.#walksTruncated;
  }

  /** What every process in this cgroup has in common, without looking at any. */
  known(cgroupId: number): CgroupFacts | undefined {
    return this.#facts.get(cgroupId);
  }

  /**
   * Remembers the facts of a process as those of its cgroup, when that is certain: the path has
   * this inode (the process was not moved since its record), and no other hierarchy could tell
   * more about the next process in it.
   */
  learn(cgroupId: number, memberships: readonly CgroupMembership[], facts: CgroupFacts): void {
    const { root, v1 } = this.#options;
    const own = memberships.find((membership) => isIdHierarchy(membership, v1));
    if (cgroupId === 0 || own === undefined) return;
    const decisive =
      facts.containerId === ""
        ? memberships.length === 1
        : factsOfPath(own.path).containerId === facts.containerId;
    if (decisive && cgroupInode(root, own.path) === cgroupId) this.#facts.set(cgroupId, facts);
  }

  /** The facts in the path of a cgroup whose processes are gone, walking if it is time to. */
  search(cgroupId: number): CgroupFacts | undefined {
    if (cgroupId === 0) return undefined;
    const learned = this.known(cgroupId);
    if (learned !== undefined) return learned;
    if (!this.#walked.has(cgroupId) && this.#absent.get(cgroupId) === undefined) {
      this.#walkFor(cgroupId);
    }
    const path = this.#walked.get(cgroupId);
    return path === undefined ? undefined : factsOfPath(path);
  }

  #walkFor(cgroupId: number): void {
    const { root, nowMs } = this.#options;
    const startMs = nowMs();
    if (startMs < this.#nextWalkMs) return;
    const { paths, truncated } = walkCgroups(root, WALK_DIRECTORIES_MAX);
    const endMs = nowMs();
    this.#walked = paths;
    this.#nextWalkMs = endMs + Math.max(WALK_PAUSE_MIN_MS, (endMs - startMs) * WALK_PAUSE_FACTOR);
    this.#walks += 1;
    if (truncated) this.#walksTruncated += 1;
    if (!paths.has(cgroupId)) this.#absent.set(cgroupId, true);
  }
}
