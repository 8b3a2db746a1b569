/** Enrichment against this host's procfs and cgroup file system. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { createEnricher } from "../../src/enrich/enricher.ts";
import type { ProcessReference } from "../../src/model/ports.ts";
import { requireOrSkip } from "../support/require.ts";

const CGROUP_ROOT = "/sys/fs/cgroup";
const V2_ROOT = existsSync(`${CGROUP_ROOT}/cgroup.controllers`)
  ? CGROUP_ROOT
  : `${CGROUP_ROOT}/unified`;
const HIERARCHIES = [
  { root: V2_ROOT, v1: false },
  { root: `${CGROUP_ROOT}/memory`, v1: true },
];
const CONTAINER_ID = process.pid.toString(16).padStart(64, "e");
const NS_PER_TICK = 1e7;

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function startBootNs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) * NS_PER_TICK;
}

function reference(pid: number, changes: Partial<ProcessReference>): ProcessReference {
  const start = startBootNs(pid);
  return { pid, startBootNs: start, comm: "", cgroupId: 0, cgroupV1: false, ...changes };
}

function writable(root: string): true | string {
  try {
    accessSync(root, constants.W_OK);
    return true;
  } catch (error) {
    return String(error);
  }
}

/** Makes the cgroup of a docker container; returns the directory. */
function makeContainerCgroup(root: string): string {
  const directory = `${root}/probectl-test-${process.pid}.slice/docker-${CONTAINER_ID}.scope`;
  mkdirSync(directory, { recursive: true });
  cleanups.push(() => rmdirSync(`${root}/probectl-test-${process.pid}.slice`));
  cleanups.push(() => rmdirSync(directory));
  return directory;
}

/** A process in the cgroup; it ends with this test at the latest. */
async function spawnIn(directory: string): Promise<ChildProcess & { pid: number }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  cleanups.push(() => end(child));
  const { pid } = child;
  if (pid === undefined) throw new Error("a spawned process has a pid");
  writeFileSync(`${directory}/cgroup.procs`, String(pid));
  return Object.assign(child, { pid });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("on this host", () => {
  it("names its own process", (ctx) => {
    requireOrSkip(ctx, existsSync("/proc/self/cgroup") || "there is no procfs", "procfs");
    const enricher = createEnricher({ procRoot: "/proc" });
    const comm = readFileSync("/proc/self/comm", "utf8").trimEnd();
    expect(enricher.identify(reference(process.pid, {})).processName).toBe(comm.slice(0, 15));
    const later = reference(process.pid, { startBootNs: startBootNs(process.pid) + 3e7 });
    expect(enricher.identify(later).processName).toBe("");
  });

  it("finds the container of a process, also after its exit", async (ctx) => {
    const mounted = HIERARCHIES.filter(({ root }) => existsSync(`${root}/cgroup.procs`));
    requireOrSkip(ctx, mounted.length > 0 || "none is mounted", "a cgroup hierarchy");
    for (const { root, v1 } of mounted) {
      requireOrSkip(ctx, writable(root), `${root} writable`);
      await expectAttribution(root, v1);
    }
  });
});

async function expectAttribution(root: string, cgroupV1: boolean): Promise<void> {
  const directory = makeContainerCgroup(root);
  const child = await spawnIn(directory);
  const cgroupId = statSync(directory).ino;
  const process = reference(child.pid, { comm: "sleep", cgroupId, cgroupV1 });
  const enricher = createEnricher({ procRoot: "/proc" });
  const identity = enricher.identify(process);
  expect(identity).toMatchObject({ containerId: CONTAINER_ID, containerRuntime: "docker" });
  await end(child);
  expect(enricher.identify(process)).toBe(identity);
  // A new enricher has never seen the process alive and walks the hierarchy.
  expect(createEnricher({ procRoot: "/proc" }).identify(process)).toEqual(identity);
}
