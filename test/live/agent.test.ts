/** The built agent, live, from its command line to its exit: what an operator sees of it. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveFlow } from "../../src/model/live-view.ts";
import { requireOrSkip } from "../support/require.ts";
import { type AgentProcess, samplesOf, startAgent } from "./support/agent.ts";
import { canCapture } from "./support/kernel.ts";
import { canAskKernel, heldBy, remaining } from "./support/kernel-objects.ts";

const WEB_SERVER = fileURLToPath(new URL("./support/web-server.mjs", import.meta.url));
const FLUSH_MS = 1000;
const POLL_MS = 50;

/** What the contract promises on every flush line and in `/metrics`. */
const TOTALS = [
  "observed_total",
  "l7_total",
  "dropped_total",
  "l7_attach_failures",
  "filtered_non_ipv4_total",
];

let agent: AgentProcess;
let server: ChildProcess & { stdin: NodeJS.WritableStream };
let port: number;
let directory: string;

const canCurl = () =>
  spawnSync("curl", ["--version"]).status === 0 || "curl is missing from this machine";

beforeEach((context) => {
  requireOrSkip(context, canCapture(), "live capture");
  requireOrSkip(context, canCurl(), "curl");
});

beforeAll(async () => {
  if (canCapture() !== true || canCurl() !== true) return;
  directory = mkdtempSync(join(tmpdir(), "agent-"));
  const web = spawn(process.execPath, [WEB_SERVER], { stdio: ["pipe", "pipe", "inherit"] });
  server = web;
  const [line] = (await once(createInterface({ input: web.stdout }), "line")) as [string];
  port = Number(line);
  agent = startAgent(["run", "--profile", "local"], {
    environment: {
      UI_ADDR: "127.0.0.1:0",
      HEALTH_ADDR: "127.0.0.1:0",
      LOG_FORMAT: "json",
      FLUSH_INTERVAL: `${FLUSH_MS}ms`,
      BUS_MODE: "file",
      BUS_PATH: join(directory, "flows.ndjson"),
    },
  });
  await agent.pageUrl();
});
afterAll(async () => {
  server?.stdin.end();
  await agent?.end("SIGKILL");
  if (directory !== undefined) rmSync(directory, { recursive: true });
});

/** The flows of a view between this client port and the server, once `enough` of them are there. */
async function flowsSeen(
  clientPort: () => number | undefined,
  enough: (flows: LiveFlow[]) => boolean,
): Promise<LiveFlow[]> {
  const deadline = Date.now() + FLUSH_MS;
  for (;;) {
    const { flows } = await agent.view();
    const mine = flows.filter(
      (flow) => flow.destinationPort === port && flow.sourcePort === clientPort(),
    );
    if (enough(mine) || Date.now() > deadline) return mine;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const commOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();

/** The connection of a curl that waits for its answer. */
function clientPortOf(): number {
  const established = execFileSync("ss", ["-Htn", "state", "established", `dport = :${port}`]);
  return Number(/127\.0\.0\.1:(\d+)\s+127\.0\.0\.1:/.exec(established.toString())?.[1]);
}

describe("the running agent", () => {
  it("shows a connection with the right process on both ends, open and closed", async () => {
    const curl = spawn("curl", ["-sS", `http://127.0.0.1:${port}/held`], { stdio: "ignore" });
    const gone = once(curl, "exit");
    const pids = { client: curl.pid as number, server: server.pid as number };
    let clientPort: number | undefined;
    const open = await flowsSeen(
      () => {
        clientPort ||= clientPortOf();
        return clientPort;
      },
      (flows) => flows.length >= 2,
    );
    const shown = open.map(({ role, pid, processName }) => [role, pid, processName]).sort();
    expect(shown).toEqual([
      ["client", pids.client, "curl"],
      ["server", pids.server, commOf(pids.server)],
    ]);
    expect(open.map(({ state }) => state)).toEqual(["established", "established"]);

    server.stdin.write("\n");
    await gone;
    const closed = (flows: LiveFlow[]) => flows.filter(({ state }) => state === "close");
    const all = await flowsSeen(
      () => clientPort,
      (flows) => closed(flows).length >= 2,
    );
    const ends = closed(all).map(({ role, pid, direction }) => [role, pid, direction]);
    expect(ends.sort()).toEqual([
      ["client", pids.client, "egress"],
      ["server", pids.server, "ingress"],
    ]);
    const [client, other] = ["client", "server"].map((role) =>
      all.filter((flow) => flow.role === role).reduce((sum, flow) => sum + flow.bytesSent, 0),
    );
    expect(client).toBeGreaterThan(50);
    expect(other).toBeGreaterThan("answer\n".length);

    const { edges, agent: about, totals } = await agent.view();
    const edge = edges.find(({ destinationPort }) => destinationPort === port);
    expect(edge).toMatchObject({ source: "curl", destination: commOf(pids.server) });
    expect(edge?.connections).toBe(1);
    expect(about).toMatchObject({ tenantId: "local", host: hostname(), mode: "live" });
    expect(totals.observed).toBeGreaterThanOrEqual(4);
  });

  it("says that it is healthy and ready, and counts under the promised names", async () => {
    const health = await agent.healthUrl();
    const answers = await Promise.all(
      ["/healthz", "/readyz", "/metrics"].map((path) => fetch(health + path)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const text = (await answers[2]?.text()) ?? "";
    const samples = samplesOf(text);
    for (const name of TOTALS) expect(samples.get(`probectl_ebpf_${name}`)).toBeTypeOf("number");
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(?:\{[^{}]+\})? \d[\d.e+]*)$/,
      );
    }
    expect([...samples.values()].filter(Number.isNaN)).toEqual([]);
    expect(samples.get("probectl_ebpf_dropped_total")).toBe(0);
  });

  it("writes the connection to the bus, and its own totals to the log, at each flush", async () => {
    const flush = await agent.logged(
      (line) => line.msg === "flush" && Number(line.records_published_total) > 0,
    );
    for (const name of TOTALS) expect(flush[name]).toBeTypeOf("number");
    const path = join(directory, "flows.ndjson");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const batches = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const flows = batches.flatMap((batch) => batch.flows ?? []);
    const mine = flows.filter((flow) => flow.destination_port === port && flow.state === "close");
    expect(mine.map((flow) => [flow.role, flow.process_name, flow.pid]).sort()).toEqual([
      ["client", "curl", expect.any(Number)],
      ["server", commOf(server.pid as number), server.pid],
    ]);
    for (const flow of mine) {
      expect(flow).toMatchObject({
        tenant_id: "local",
        agent_id: hostname(),
        host: hostname(),
        source_address: "127.0.0.1",
        destination_address: "127.0.0.1",
        network_transport: "tcp",
        network_type: "ipv4",
      });
      const age = Date.now() - Number(BigInt(flow.observed_at_unix_nano) / 1_000_000n);
      expect([age >= 0, age < 60_000]).toEqual([true, true]);
    }
    const edges = batches.flatMap((batch) => batch.edges ?? []);
    const edge = edges.find((each) => each.destination_port === port);
    expect(edge).toMatchObject({ tenant_id: "local", source: "curl" });
  });

  it("audits what it loads, stops on SIGTERM after a last flush, and leaves nothing", async (context) => {
    requireOrSkip(context, canAskKernel(), "bpftool");
    const { audit } = await agent.logged((line) => line.audit !== undefined);
    const held = heldBy(agent.child.pid as number);
    const { programs, objects, uid } = audit as {
      programs: { id: number }[];
      objects: { sha256: string }[];
      uid: number;
    };
    expect(held.prog.sort()).toEqual(programs.map(({ id }) => id).sort());
    expect(objects[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(uid).toBe(process.getuid?.());
    expect(await agent.end("SIGTERM")).toBe(0);
    const stopping = agent.log.findIndex((line) => line.msg === "stopping: SIGTERM");
    expect(agent.log.slice(stopping + 1).map((line) => line.msg)).toEqual(["flush"]);
    expect(agent.log.filter((line) => line.level !== "info")).toEqual([]);
    expect(agent.stdout()).toBe("");
    expect(await remaining(held, 2000)).toEqual([]);
  });
});
