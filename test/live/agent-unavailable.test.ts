/** The agent where it may not watch the kernel: a decided state, told in one line, no crash. */

import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { type AgentProcess, samplesOf, startAgent } from "./support/agent.ts";

const NO_RIGHTS = [
  "setpriv",
  "--reuid=1000",
  "--regid=1000",
  "--clear-groups",
  "--inh-caps=-all",
  "--ambient-caps=-all",
  "--bounding-set=-all",
  "--no-new-privs",
];
const REASON = "CAP_BPF and CAP_PERFMON are missing";
const COUNTERS = [
  "observed_total",
  "l7_total",
  "dropped_total",
  "l7_attach_failures",
  "filtered_non_ipv4_total",
];

function canDropRights(): true | string {
  if (process.platform !== "linux") return `${process.platform} is not Linux`;
  if (process.getuid?.() !== 0) return "only root can become another user";
  const [command, ...args] = NO_RIGHTS as [string, ...string[]];
  return spawnSync(command, [...args, "true"]).status === 0 || "setpriv does not work here";
}

beforeEach((context) => requireOrSkip(context, canDropRights(), "a process without rights"));

async function using(agent: AgentProcess, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    agent.child.kill("SIGKILL");
  }
}

describe("without CAP_BPF and CAP_PERFMON", () => {
  it("the agent stays up, unready, says why once, and stops cleanly", async () => {
    const environment = { HEALTH_ADDR: "127.0.0.1:0", FLUSH_INTERVAL: "200ms" };
    const agent = startAgent(["--tenant-id", "acme"], { environment, prefix: NO_RIGHTS });
    await using(agent, async () => {
      const health = await agent.healthUrl();
      const probe = await agent.logged((line) => line.msg === "capability probe");
      expect(probe).toMatchObject({ mode: "unavailable", cap_bpf: false, cap_perfmon: false });
      const ready = await fetch(`${health}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, `${probe.reason}\n`]);
      expect(probe.reason).toContain(REASON);
      expect((await fetch(`${health}/healthz`)).status).toBe(200);
      const samples = samplesOf(await (await fetch(`${health}/metrics`)).text());
      for (const name of COUNTERS)
        expect([name, samples.get(`probectl_ebpf_${name}`)]).toEqual([name, 0]);

      await agent.logged((line) => line.msg === "flush");
      expect(await agent.end()).toBe(0);
      const errors = agent.log.filter((line) => line.level === "error");
      expect(errors.map((line) => line.msg)).toEqual([
        `source: none, live capture is unavailable: ${probe.reason}`,
      ]);
    });
  });

  it("the local profile replays the packaged sample and says that and why", async () => {
    const environment = { UI_ADDR: "127.0.0.1:0", LOG_FORMAT: "json", FLUSH_INTERVAL: "200ms" };
    const agent = startAgent(["run", "--profile", "local"], { environment, prefix: NO_RIGHTS });
    await using(agent, async () => {
      const view = await agent.view();
      expect(view.agent).toMatchObject({ tenantId: "local", mode: "fixture" });
      expect(view.agent.reason).toMatch(new RegExp(`^the packaged sample, .*${REASON}`));
      expect([view.flows.length > 0, view.edges.length > 0]).toEqual([true, true]);
      await agent.logged((line) => line.msg === `source: fixture, ${view.agent.reason}`);
      expect(await agent.end("SIGINT")).toBe(0);
      expect(agent.log.at(-1)).toMatchObject({ msg: "flush", flows_total: view.totals.observed });
    });
  });
});
