/**
 * Nothing on this host is the worse for the agent: killed at any moment it leaves nothing in the
 * kernel, overrun it loses its own records and no connection, two of them do not meet.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { type AgentProcess, sampleSum, samplesOf, startAgent } from "./support/agent.ts";
import { canCapture } from "./support/kernel.ts";
import { canAskKernel, heldBy, remaining } from "./support/kernel-objects.ts";
import { startLoad } from "./support/load.ts";
import { dial, type KnownEnd, serve } from "./support/peers.ts";

const CYCLE = fileURLToPath(new URL("./support/cycle.mjs", import.meta.url));
const KILLS = 10;
/** An agent has attached after some 150 ms here: half of this is before, half after. */
const LIFE_MS_MAX = 400;
const GONE_TIMEOUT_MS = 2000;
const OVERRUN_MS = 2000;
const POLL_MS = 20;
const WAIT_TIMEOUT_MS = 10_000;
const CYCLES = 50;
const PAGE_BYTES = 4096;
/** A copy of the kernel's BTF left behind each time would be some 250 MiB. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

let directory: string;

beforeEach((context) => {
  requireOrSkip(context, canCapture(), "live capture");
  requireOrSkip(context, canAskKernel(), "bpftool");
});
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "safety-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_TIMEOUT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await pause(POLL_MS);
  }
}

const isLoaded = (agent: AgentProcess) => agent.logged((line) => line.audit !== undefined);

/** An agent that publishes to a file of its own, quickly. */
function startToFile(name: string, environment: Record<string, string> = {}) {
  const path = join(directory, `${name}.ndjson`);
  const bus = { BUS_MODE: "file", BUS_PATH: path, FLUSH_INTERVAL: "100ms" };
  const agent = startAgent(["run", "--tenant-id", "acme"], {
    environment: { ...bus, ...environment },
  });
  return { agent, path };
}

/** Whether the bus file tells of both ends of the connection, each by its process. */
function tellsOf(path: string, ends: KnownEnd[]): boolean {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  const flows = lines.flatMap((line) => JSON.parse(line).flows ?? []);
  return ends.every(({ role, pid, comm, localPort, remotePort }) => {
    const [source, destination] =
      role === "client" ? [localPort, remotePort] : [remotePort, localPort];
    return flows.some(
      (flow) =>
        flow.role === role &&
        flow.pid === pid &&
        flow.process_name === comm &&
        flow.source_port === source &&
        flow.destination_port === destination,
    );
  });
}

/** One connection of peers that are gone when this returns. */
async function oneConnection(): Promise<KnownEnd[]> {
  const server = await serve("127.0.0.1");
  const clients = await dial("127.0.0.1", server.port, 1, "reply");
  return [...clients, ...(await server.finish())];
}

/** The kernel stops a process a moment after it was told to. */
async function freeze({ child }: AgentProcess): Promise<void> {
  child.kill("SIGSTOP");
  const state = () =>
    /^State:\s+(\w)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
  await until(() => state() === "T", "the agent stands still");
}

describe("an agent that is killed", () => {
  it("leaves nothing in the kernel and disturbs no connection, whenever that is", async () => {
    const load = await startLoad();
    let held = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const agent = startAgent(["run", "--tenant-id", "acme"]);
      // Every other one is killed in the middle of its work, the rest at any moment.
      if (kill % 2 === 0) await isLoaded(agent);
      await pause(Math.random() * LIFE_MS_MAX);
      await freeze(agent);
      const objects = heldBy(agent.child.pid as number);
      held += objects.prog.length;
      if (kill % 2 === 0) expect(objects.prog.length).toBeGreaterThanOrEqual(6);
      await agent.end("SIGKILL");
      expect(await remaining(objects, GONE_TIMEOUT_MS)).toEqual([]);
    }
    expect(held).toBeGreaterThan(0);
    const { clients, servers } = await load.finish();
    expect(clients.length).toBeGreaterThan(100);
    expect(servers).toHaveLength(clients.length);
  });
});

describe("an agent that does not keep up", () => {
  it("loses records, counts them, and disturbs no connection; then it goes on", async () => {
    const { agent, path } = startToFile("overrun", {
      RING_BUFFER_BYTES: "4096",
      HEALTH_ADDR: "127.0.0.1:0",
    });
    try {
      const health = await agent.healthUrl();
      const load = await startLoad();
      await freeze(agent);
      await pause(OVERRUN_MS);
      agent.child.kill("SIGCONT");
      const { clients, servers } = await load.finish();
      expect(clients.length).toBeGreaterThan(100);
      expect(servers).toHaveLength(clients.length);

      const text = await (await fetch(`${health}/metrics`)).text();
      const full = [...samplesOf(text)].filter(([name]) => name.includes('reason="ring_full"'));
      const lost = full.reduce((sum, [, value]) => sum + value, 0);
      expect(lost).toBeGreaterThan(100);
      expect(sampleSum(text, "probectl_ebpf_dropped_total")).toBeGreaterThanOrEqual(lost);
      expect((await fetch(`${health}/readyz`)).status).toBe(200);
      // Others on this host may overrun so small a ring again: one of several connections does.
      const later: KnownEnd[][] = [];
      await until(async () => {
        later.push(await oneConnection());
        return later.some((ends) => tellsOf(path, ends));
      }, "a connection after the overrun is published");
      expect(await agent.end()).toBe(0);
    } finally {
      agent.child.kill("SIGKILL");
    }
  });
});

describe("two agents on one host", () => {
  it("see the same connections, and one goes on when the other is killed", async () => {
    const [first, second] = [startToFile("first"), startToFile("second")];
    try {
      await Promise.all([isLoaded(first.agent), isLoaded(second.agent)]);
      const both = await oneConnection();
      for (const { path } of [first, second]) {
        await until(() => tellsOf(path, both), `${path} has the connection`);
      }
      await first.agent.end("SIGKILL");
      const later = await oneConnection();
      await until(() => tellsOf(second.path, later), "the second has the later connection");
      expect(tellsOf(first.path, later)).toBe(false);
      expect(await second.agent.end()).toBe(0);
    } finally {
      first.agent.child.kill("SIGKILL");
      second.agent.child.kill("SIGKILL");
    }
  });
});

describe("a source that is started and stopped", () => {
  it(`keeps no descriptor and no memory, ${CYCLES} times over`, () => {
    const args = ["--expose-gc", CYCLE, "20", String(CYCLES)];
    const text = execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    const [before, after] = JSON.parse(text);
    expect(before.descriptors.length).toBeGreaterThan(0);
    expect(after.descriptors).toEqual(before.descriptors);
    const growth = (after.residentPages - before.residentPages) * PAGE_BYTES;
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  });
});
