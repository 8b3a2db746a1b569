import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Enricher, ProcessReference } from "../model/ports.ts";
import { WALK_PAUSE_MIN_MS } from "./cgroup-index.ts";
import { createEnricher } from "./enricher.ts";

const ID = "0123456789ab".padEnd(64, "c");
const SCOPE = `/system.slice/docker-${ID}.scope`;
const NS_PER_TICK = 1e7;
const START_TICKS = 123_456;
const PF_EXITING = 4;

let root = "";
let nowMs = 0;
let enricher: Enricher;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "enrich-"));
  mkdirSync(join(root, "proc"));
  mkdirSync(join(root, "cgroup"));
  writeFileSync(join(root, "cgroup/cgroup.controllers"), "memory\n");
  nowMs = 0;
  enricher = newEnricher();
});

afterEach(() => rmSync(root, { recursive: true }));

function newEnricher(cacheMax = 100): Enricher {
  return createEnricher({
    procRoot: join(root, "proc"),
    cgroupRoot: join(root, "cgroup"),
    cacheMax,
    nowMs: () => nowMs,
  });
}

/** Writes the files of a process; its cgroup is a v2 path, or the whole text of the file. */
function addProcess(pid: number, cgroup: string, { comm = "curl", flags = 0 } = {}): void {
  const directory = join(root, "proc", String(pid));
  mkdirSync(directory, { recursive: true });
  const middle = `1 1 1 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0`;
  const text = cgroup.includes(":") ? cgroup : `0::${cgroup}`;
  writeFileSync(join(directory, "cgroup"), `${text}\n`);
  writeFileSync(join(directory, "comm"), `${comm}\n`);
  writeFileSync(join(directory, "stat"), `${pid} (${comm}) S ${middle} ${START_TICKS} 1 2\n`);
}

function exit(pid: number): void {
  rmSync(join(root, "proc", String(pid)), { recursive: true });
}

/** Makes a cgroup and returns its id. */
function addCgroup(path: string): number {
  mkdirSync(join(root, "cgroup", path), { recursive: true });
  return statSync(join(root, "cgroup", path)).ino;
}

function reference(pid: number, changes: Partial<ProcessReference> = {}): ProcessReference {
  const startBootNs = START_TICKS * NS_PER_TICK + pid;
  return { pid, startBootNs, comm: "curl", cgroupId: 0, cgroupV1: false, ...changes };
}

function metric(name: string, label?: string): number {
  const found = enricher
    .metrics()
    .filter((m) => m.name === name)
    .filter((m) => label === undefined || Object.values(m.labels ?? {}).includes(label));
  expect(found).toHaveLength(1);
  return found[0]?.value ?? Number.NaN;
}

describe("identify", () => {
  it("names a process of a systemd unit", () => {
    addProcess(7, "/system.slice/nginx.service");
    expect(enricher.identify(reference(7, { comm: "nginx" }))).toEqual({
      processName: "nginx",
      containerId: "",
      containerRuntime: "",
      systemdUnit: "nginx.service",
      podUid: "",
      workload: "nginx",
    });
  });

  it("adds the first 12 digits of the container to the workload", () => {
    addProcess(7, `4:memory:/docker/${ID}\n0::/`);
    expect(enricher.identify(reference(7, { cgroupV1: true }))).toMatchObject({
      containerId: ID,
      workload: "curl@0123456789ab",
    });
  });

  it("takes the name from procfs only when the record has none", () => {
    addProcess(7, "/", { comm: "from-proc" });
    addProcess(8, "/", { comm: "from-proc" });
    expect(enricher.identify(reference(7, { comm: "" })).processName).toBe("from-proc");
    expect(enricher.identify(reference(8)).processName).toBe("curl");
  });

  it("makes a hostile name printable, wherever it comes from", () => {
    addProcess(7, "/", { comm: "a\u001b[2J\nb" });
    expect(enricher.identify(reference(7, { comm: "" })).processName).toBe("a?[2J?b");
    expect(enricher.identify(reference(7, { comm: "x\ny" })).workload).toBe("x?y");
  });

  it("is not misled by a command name that looks like stat fields", () => {
    addProcess(7, "/system.slice/x.service", { comm: "a) S 1 2 3 (" });
    expect(enricher.identify(reference(7)).systemdUnit).toBe("x.service");
  });

  it("knows nobody by pid 0, and the kernel by the name given", () => {
    expect(enricher.identify(reference(0, { startBootNs: 0, comm: "" }))).toMatchObject({
      processName: "",
      workload: "",
    });
    expect(enricher.identify(reference(0, { startBootNs: 0, comm: "kernel" }))).toMatchObject({
      processName: "kernel",
      workload: "kernel",
    });
    for (const reason of ["exited", "reused", "unreadable", "unproven"]) {
      expect(metric("enrich_misses_total", reason)).toBe(0);
    }
  });

  it("hands out the same frozen object, also after the exit", () => {
    addProcess(7, SCOPE);
    const identity = enricher.identify(reference(7));
    exit(7);
    expect(enricher.identify(reference(7))).toBe(identity);
    expect(Object.isFrozen(identity)).toBe(true);
    expect(metric("enrich_lookups_total")).toBe(2);
  });

  it("keeps apart two processes that started in the same nanosecond", () => {
    addProcess(7, "/system.slice/a.service");
    addProcess(8, "/system.slice/b.service");
    const startBootNs = START_TICKS * NS_PER_TICK;
    const units = [7, 8, 7].map(
      (pid) => enricher.identify(reference(pid, { startBootNs })).systemdUnit,
    );
    expect(units).toEqual(["a.service", "b.service", "a.service"]);
  });
});

describe("the proof of who a process was", () => {
  it.each([-1, 0, 1])("accepts a start time %d ticks off", (ticks) => {
    addProcess(7, SCOPE);
    const startBootNs = (START_TICKS + ticks) * NS_PER_TICK + 5;
    expect(enricher.identify(reference(7, { startBootNs })).containerId).toBe(ID);
  });

  it.each([-2, 2])("never attributes a process that started %d ticks off", (ticks) => {
    addProcess(7, SCOPE, { comm: "other" });
    const startBootNs = (START_TICKS + ticks) * NS_PER_TICK + 5;
    expect(enricher.identify(reference(7, { startBootNs, comm: "" }))).toMatchObject({
      processName: "",
      containerId: "",
      workload: "",
    });
    expect(metric("enrich_misses_total", "reused")).toBe(1);
  });

  it("keeps the identity of the first process when its number is taken over", () => {
    addProcess(7, SCOPE);
    const identity = enricher.identify(reference(7));
    const later = enricher.identify(reference(7, { startBootNs: 9e15 }));
    expect(later.containerId).toBe("");
    expect(enricher.identify(reference(7))).toBe(identity);
  });

  it("attributes nothing to a pid without a start time", () => {
    addProcess(7, SCOPE, { comm: "local" });
    expect(enricher.identify(reference(7, { startBootNs: 0, comm: "" }))).toMatchObject({
      processName: "",
      containerId: "",
    });
    expect(metric("enrich_misses_total", "unproven")).toBe(1);
  });

  it("does not believe the v1 root an exiting process shows", () => {
    addProcess(7, "4:memory:/\n1:name=systemd:/", { flags: PF_EXITING });
    enricher.identify(reference(7, { cgroupV1: true }));
    expect(metric("enrich_misses_total", "exited")).toBe(1);
    addProcess(8, SCOPE, { flags: PF_EXITING });
    expect(enricher.identify(reference(8)).containerId).toBe(ID);
  });
});

describe("a process that cannot be read", () => {
  it("counts the exited once and goes on", () => {
    const identity = enricher.identify(reference(7));
    expect(identity).toMatchObject({ processName: "curl", workload: "curl", containerId: "" });
    expect(enricher.identify(reference(7))).toBe(identity);
    expect(metric("enrich_misses_total", "exited")).toBe(1);
  });

  it("tries again after a refusal", () => {
    addProcess(7, SCOPE);
    const cgroupFile = join(root, "proc/7/cgroup");
    rmSync(cgroupFile);
    mkdirSync(cgroupFile);
    expect(enricher.identify(reference(7)).containerId).toBe("");
    expect(metric("enrich_misses_total", "unreadable")).toBe(1);
    rmSync(cgroupFile, { recursive: true });
    addProcess(7, SCOPE);
    expect(enricher.identify(reference(7)).containerId).toBe(ID);
  });

  it.each(["", "7 (curl) S 1", "7 (curl) S 1 1 1 0 -1 x 0 0 0 0 0 0 0 0 20 0 1 0 y"])(
    "takes stat %j for a refusal",
    (stat) => {
      addProcess(7, SCOPE);
      writeFileSync(join(root, "proc/7/stat"), stat);
      expect(enricher.identify(reference(7)).containerId).toBe("");
      expect(metric("enrich_misses_total", "unreadable")).toBe(1);
    },
  );

  it("reads at most 4 KiB of a cgroup file and trusts no line that was cut", () => {
    const filler = `9:pids:/${"x".repeat(4080 - SCOPE.length)}`;
    addProcess(7, `${filler}\n0::${SCOPE}/system.slice/cut.service`);
    const identity = enricher.identify(reference(7));
    expect(identity).toMatchObject({ containerId: "", systemdUnit: "" });
    addProcess(8, `0::${SCOPE}\n${filler}${filler}`);
    expect(enricher.identify(reference(8)).containerId).toBe(ID);
  });
});

describe("exec", () => {
  it("gives the same process a new name in the same place", () => {
    const cgroupId = addCgroup(SCOPE);
    addProcess(7, SCOPE, { comm: "sh" });
    const before = enricher.identify(reference(7, { comm: "sh", cgroupId }));
    const after = enricher.identify(reference(7, { comm: "curl", cgroupId }));
    expect([before.workload, after.workload]).toEqual(["sh@0123456789ab", "curl@0123456789ab"]);
  });

  it("keeps the place when the process exits before it is seen again", () => {
    addProcess(7, SCOPE, { comm: "sh" });
    enricher.identify(reference(7, { comm: "sh" }));
    exit(7);
    expect(enricher.identify(reference(7)).workload).toBe("curl@0123456789ab");
    expect(metric("enrich_misses_total", "exited")).toBe(0);
  });

  it("does not carry the place over to another cgroup", () => {
    addProcess(7, SCOPE);
    enricher.identify(reference(7, { cgroupId: addCgroup(SCOPE) }));
    exit(7);
    expect(enricher.identify(reference(7, { cgroupId: 1e9 })).containerId).toBe("");
  });
});

describe("a process that exited before anyone looked", () => {
  it("is attributed by another process of its cgroup", () => {
    const cgroupId = addCgroup(SCOPE);
    addProcess(7, SCOPE, { comm: "sh" });
    enricher.identify(reference(7, { comm: "sh", cgroupId }));
    expect(enricher.identify(reference(8, { cgroupId })).workload).toBe("curl@0123456789ab");
    expect(metric("enrich_cgroup_walks_total")).toBe(0);
  });

  it("is attributed by the directory that has its cgroup id", () => {
    const cgroupId = addCgroup(SCOPE);
    expect(enricher.identify(reference(8, { cgroupId })).workload).toBe("curl@0123456789ab");
    expect(metric("enrich_misses_total", "exited")).toBe(0);
    expect(metric("enrich_cgroup_walks_total")).toBe(1);
  });

  it("is searched in the memory hierarchy of v1", () => {
    const cgroupId = addCgroup(`/memory/docker/${ID}`);
    const identity = enricher.identify(reference(8, { cgroupId, cgroupV1: true }));
    expect(identity.containerId).toBe(ID);
  });

  it("is searched in the unified directory beside v1", () => {
    rmSync(join(root, "cgroup/cgroup.controllers"));
    const cgroupId = addCgroup(`/unified/docker/${ID}`);
    enricher = newEnricher();
    expect(enricher.identify(reference(8, { cgroupId })).containerId).toBe(ID);
  });

  it("is found by the next walk when the last was too recent", () => {
    enricher.identify(reference(8, { cgroupId: addCgroup("/first") }));
    const cgroupId = addCgroup(SCOPE);
    expect(enricher.identify(reference(9, { cgroupId })).containerId).toBe("");
    nowMs = WALK_PAUSE_MIN_MS - 1;
    expect(enricher.identify(reference(9, { cgroupId })).containerId).toBe("");
    nowMs = WALK_PAUSE_MIN_MS;
    expect(enricher.identify(reference(9, { cgroupId })).containerId).toBe(ID);
    expect(metric("enrich_misses_total", "exited")).toBe(1);
    expect(metric("enrich_cgroup_walks_total")).toBe(2);
  });

  it("is not searched again when its cgroup is gone too", () => {
    for (let walk = 0; walk < 3; walk += 1) {
      enricher.identify(reference(8, { cgroupId: 1e9 }));
      nowMs += 10 * WALK_PAUSE_MIN_MS;
    }
    expect(metric("enrich_cgroup_walks_total")).toBe(1);
    expect(metric("enrich_misses_total", "exited")).toBe(1);
  });

  it("makes the pause follow what a walk took", () => {
    const walkMs = 100;
    let reads = 0;
    const slow = createEnricher({
      procRoot: join(root, "proc"),
      cgroupRoot: join(root, "cgroup"),
      // The clock is read before and after each walk.
      nowMs: () => nowMs + (reads++ % 2) * walkMs,
    });
    slow.identify(reference(8, { cgroupId: 1e9 }));
    const cgroupId = addCgroup(SCOPE);
    nowMs = 2 * WALK_PAUSE_MIN_MS;
    expect(slow.identify(reference(9, { cgroupId })).containerId).toBe("");
    reads = 0;
    nowMs = 500 * walkMs + walkMs;
    expect(slow.identify(reference(9, { cgroupId })).containerId).toBe(ID);
  });
});

describe("what is remembered by cgroup id", () => {
  it("is not the place a process was moved to after its record", () => {
    const oldId = addCgroup("/system.slice/containerd.service");
    addCgroup(SCOPE);
    addProcess(7, SCOPE);
    enricher.identify(reference(7, { cgroupId: oldId }));
    expect(enricher.identify(reference(8, { cgroupId: oldId }))).toMatchObject({
      containerId: "",
      systemdUnit: "containerd.service",
    });
  });

  it("is not a container that only another hierarchy knows", () => {
    const sharedId = addCgroup("/system.slice/containerd.service");
    const cgroup = (id: string) => `4:memory:/docker/${id}\n0::/system.slice/containerd.service`;
    const other = "f".repeat(64);
    addProcess(7, cgroup(ID));
    addProcess(8, cgroup(other));
    addProcess(9, "4:memory:/system.slice/containerd.service\n0::/system.slice/containerd.service");
    const ids = [7, 9, 8].map(
      (pid) => enricher.identify(reference(pid, { cgroupId: sharedId })).containerId,
    );
    expect(ids).toEqual([ID, "", other]);
  });

  it("makes no difference to the pid that was reused inside the cgroup", () => {
    const cgroupId = addCgroup(SCOPE);
    addProcess(7, SCOPE);
    enricher.identify(reference(7, { cgroupId }));
    const later = reference(7, { cgroupId, startBootNs: 9e15, comm: "" });
    expect(enricher.identify(later)).toMatchObject({ processName: "", containerId: ID });
  });
});

describe("the bounds", () => {
  it("forgets the least recently asked for, counted", () => {
    enricher = newEnricher(2);
    for (const pid of [7, 8, 9]) addProcess(pid, "/system.slice/x.service");
    const first = enricher.identify(reference(7));
    enricher.identify(reference(8));
    enricher.identify(reference(7));
    enricher.identify(reference(9));
    expect(metric("enrich_cache_evicted_total", "process")).toBe(1);
    expect(enricher.identify(reference(7))).toBe(first);
  });

  it("holds for cgroups too", () => {
    enricher = newEnricher(2);
    for (const pid of [1, 2, 3]) {
      const path = `/docker/${String(pid).padEnd(64, "0")}`;
      addProcess(pid, path);
      enricher.identify(reference(pid, { cgroupId: addCgroup(path) }));
    }
    expect(metric("enrich_cache_evicted_total", "cgroup")).toBe(1);
  });
});
