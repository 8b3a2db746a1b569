/**
 * Says who a process is: name, container, systemd unit, pod. Facts come from its cgroup, by
 * cgroup id when another process in it was seen, else from /proc/PID/cgroup, else (the process
 * has exited) from a walk of the cgroup file system. Read-only and without privileges.
 *
 * Bounds: `cacheMax` processes and as many cgroups; the least recently asked for make room,
 * counted. A cached identity survives the exit of its process.
 */

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { counter, type Metric } from "../model/metric.ts";
import type { Enricher, ProcessIdentity, ProcessReference } from "../model/ports.ts";
import { type CgroupFacts, factsOfMemberships, NO_CGROUP_FACTS } from "./cgroup.ts";
import { CgroupIndex } from "./cgroup-index.ts";
import { Lru } from "./lru.ts";
import { processName } from "./process-name.ts";
import { MISS_REASONS, type MissReason, readProcess } from "./procfs.ts";

export interface EnricherOptions {
  /** procfs of the host: pids and start times in it are those of the records. */
  procRoot: string;
  /** Where the host's cgroup hierarchies are mounted. */
  cgroupRoot?: string;
  cacheMax?: number;
  /** Monotonic clock, ms. */
  nowMs?: () => number;
}

const WORKLOAD_CONTAINER_DIGITS = 12;

interface CachedProcess {
  readonly pid: number;
  readonly comm: string;
  readonly cgroupId: number;
  readonly facts: CgroupFacts;
  /** Why the facts are not known, undefined when they are. */
  readonly miss: MissReason | undefined;
  readonly identity: ProcessIdentity;
}

interface Resolution {
  comm: string;
  facts: CgroupFacts | undefined;
  miss: MissReason | undefined;
}

/** An enricher over the given procfs and cgroup file system, which it only ever reads. */
export function createEnricher(options: EnricherOptions): Enricher {
  return new ProcEnricher(options);
}

class ProcEnricher implements Enricher {
  readonly #procRoot: string;
  readonly #processes: Lru<number, CachedProcess>;
  readonly #v1: CgroupIndex;
  readonly #v2: CgroupIndex;
  readonly #misses = new Map<MissReason, number>(MISS_REASONS.map((reason) => [reason, 0]));
  readonly #nobody = identityOf("", NO_CGROUP_FACTS);
  #lookups = 0;

  constructor(options: EnricherOptions) {
    const { procRoot, cgroupRoot = "/sys/fs/cgroup", cacheMax = 16_384 } = options;
    const nowMs = options.nowMs ?? (() => performance.now());
    const unified = existsSync(`${cgroupRoot}/cgroup.controllers`);
    this.#procRoot = procRoot;
    this.#processes = new Lru(cacheMax);
    this.#v1 = new CgroupIndex({ root: `${cgroupRoot}/memory`, v1: true, cacheMax, nowMs });
    // Beside v1 hierarchies, systemd mounts the v2 one in a directory of its own.
    const v2Root = unified ? cgroupRoot : `${cgroupRoot}/unified`;
    this.#v2 = new CgroupIndex({ root: v2Root, v1: false, cacheMax, nowMs });
  }

  identify(process: ProcessReference): ProcessIdentity {
    this.#lookups += 1;
    const { pid, comm, cgroupId } = process;
    if (pid === 0 && comm === "") return this.#nobody;
    // A start time in ns is as good as unique, and a number is a cheap key. Should two
    // processes share it, the check of the pid keeps them apart.
    const key = process.startBootNs > 0 ? process.startBootNs : -pid;
    const cached = this.#processes.get(key);
    const previous = cached?.pid === pid && cached.cgroupId === cgroupId ? cached : undefined;
    if (previous?.comm === comm && !this.#mayKnowMore(process, previous.miss)) {
      return previous.identity;
    }

    const resolved = this.#resolve(process);
    // A process that called exec and exited is still where it was before.
    const known = resolved.facts ?? (previous?.miss === undefined ? previous?.facts : undefined);
    const miss = known === undefined ? resolved.miss : undefined;
    if (miss !== undefined) this.#misses.set(miss, (this.#misses.get(miss) ?? 0) + 1);
    const facts = known ?? NO_CGROUP_FACTS;
    const identity = identityOf(processName(resolved.comm), facts);
    this.#processes.set(key, { pid, comm, cgroupId, facts, miss, identity });
    return identity;
  }

  metrics(): Metric[] {
    const evictedHelp = "Entries of the enrichment caches that made room for others.";
    const evictedCgroups = this.#v1.evicted + this.#v2.evicted;
    const missesHelp = "Processes whose cgroup could not be found out, by what procfs said.";
    return [
      counter("enrich_lookups_total", "Processes asked for, cached or not.", this.#lookups),
      counter("enrich_cache_evicted_total", evictedHelp, this.#processes.evicted, {
        cache: "process",
      }),
      counter("enrich_cache_evicted_total", evictedHelp, evictedCgroups, { cache: "cgroup" }),
      ...[...this.#misses].map(([reason, count]) =>
        counter("enrich_misses_total", missesHelp, count, { reason }),
      ),
      counter(
        "enrich_cgroup_walks_total",
        "Walks of the cgroup file system for processes that had exited.",
        this.#v1.walks + this.#v2.walks,
      ),
      counter(
        "enrich_cgroup_walks_truncated_total",
        "Walks that ended at the bound on directories.",
        this.#v1.walksTruncated + this.#v2.walksTruncated,
      ),
    ];
  }

  /** A refusal may end; an exit is final, only its cgroup may have been found since. */
  #mayKnowMore(process: ProcessReference, miss: MissReason | undefined): boolean {
    if (miss === undefined) return false;
    return miss === "unreadable" || this.#index(process).search(process.cgroupId) !== undefined;
  }

  #resolve(process: ProcessReference): Resolution {
    const { pid, startBootNs, comm, cgroupId } = process;
    // Kernel-owned: the kernel is in no cgroup.
    if (pid === 0) return { comm, facts: NO_CGROUP_FACTS, miss: undefined };
    const index = this.#index(process);
    const known = index.known(cgroupId);
    if (known !== undefined && comm !== "") return { comm, facts: known, miss: undefined };
    const files = readProcess(this.#procRoot, pid, startBootNs);
    if (typeof files === "string") {
      return { comm, facts: known ?? index.search(cgroupId), miss: files };
    }
    const facts = factsOfMemberships(files.memberships);
    index.learn(cgroupId, files.memberships, facts);
    return { comm: comm === "" ? files.comm : comm, facts, miss: undefined };
  }

  #index(process: ProcessReference): CgroupIndex {
    return process.cgroupV1 ? this.#v1 : this.#v2;
  }
}

/**
 * Workloads name endpoints beside addresses, and `@` tells the container: a process must not be
 * able to call itself one or the other.
 */
function identityOf(name: string, facts: CgroupFacts): ProcessIdentity {
  const container = facts.containerId.slice(0, WORKLOAD_CONTAINER_DIGITS);
  const base = isIP(name) === 0 ? name.replaceAll("@", "?") : `?${name}`;
  const workload = container === "" ? base : `${base}@${container}`;
  return Object.freeze({ processName: name, ...facts, workload });
}
