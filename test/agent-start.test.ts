/**
 * What the built agent refuses to start with, one line for each problem, and what it makes of
 * recorded flows. Needs no kernel; runs dist/main.js, which `npm test` builds first.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAgent } from "./live/support/agent.ts";

const directory = mkdtempSync(join(tmpdir(), "agent-start-"));
const file = (name: string) => join(directory, name);

beforeAll(() => {
  writeFileSync(file("three.yaml"), "flush_interval: soon\nui_adr: off\nring_buffer_bytes: 1TiB\n");
  writeFileSync(file("flows.json"), JSON.stringify(RECORDED));
  writeFileSync(file("torn.json"), '[{"source_address":');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Two clients of one nginx on this host, which asks a database elsewhere. */
const RECORDED = [
  recorded("198.51.100.1", 40001, "10.0.0.1", 443, "ingress", "nginx", 1000, 10),
  recorded("198.51.100.2", 40002, "10.0.0.1", 443, "ingress", "nginx", 2000, 20),
  recorded("198.51.100.2", 40003, "10.0.0.1", 443, "ingress", "nginx", 4000, 40),
  recorded("10.0.0.1", 50001, "10.0.0.9", 5432, "egress", "nginx", 8000, 80),
];

function recorded(
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
  direction: string,
  process: string,
  bytes: number,
  packets: number,
) {
  return {
    tenant_id: "somebody-else",
    agent_id: "recorder",
    host: "recorder",
    source_address: source,
    source_port: sourcePort,
    source_pid: 7,
    destination_address: destination,
    destination_port: destinationPort,
    network_transport: "tcp",
    network_type: "ipv4",
    bytes,
    packets,
    direction,
    state: "close",
    process_name: process,
  };
}

describe("the agent refuses, with exit code 2 and one line for each problem,", () => {
  const LOOPBACK = /^ui_addr: .* is not a loopback address/;
  const refused: [string, string[], Record<string, string>, RegExp[]][] = [
    ["to run without a tenant", ["run", "--config", "/dev/null"], {}, [/^tenant_id is required/]],
    [
      "Kafka without TLS",
      ["--tenant-id", "acme"],
      { BUS_MODE: "kafka", BUS_BROKERS: "kafka.example:9092" },
      [/^bus\.tls\.enabled: is false, and kafka without TLS is refused/],
    ],
    [
      "a page that others could reach",
      ["--tenant-id", "acme", "--ui-addr", "0.0.0.0:8612"],
      {},
      [LOOPBACK],
    ],
    [
      "a page on this host's own address",
      ["--profile", "local"],
      { UI_ADDR: "192.0.2.1:1" },
      [LOOPBACK],
    ],
    [
      "a file of three mistakes",
      ["--tenant-id", "acme", "--config", file("three.yaml")],
      {},
      [/three\.yaml:2 holds an unknown key "ui_adr"/, /^ring_buffer_bytes: /, /^flush_interval: /],
    ],
    [
      "a recording that is torn",
      ["--tenant-id", "acme", "--fixture", file("torn.json")],
      {},
      [/torn\.json/],
    ],
    [
      "a bus file that cannot be one",
      ["--tenant-id", "acme", "--fixture", file("flows.json"), "--bus-mode", "file"],
      { BUS_PATH: join(directory, "none", "bus") },
      [/^bus\.path .* cannot be written/],
    ],
  ];
  it.each(refused)("%s", async (_what, args, environment, problems) => {
    const agent = startAgent(args, { environment });
    expect(await agent.ended()).toBe(2);
    const said = agent.lines.filter((line) => !line.startsWith("{"));
    expect(said.every((line) => line.startsWith("probectl-ebpf-agent: "))).toBe(true);
    const lines = said.map((line) => line.replace("probectl-ebpf-agent: ", ""));
    expect(lines).toHaveLength(problems.length);
    for (const problem of problems) expect(lines).toContainEqual(expect.stringMatching(problem));
    expect(agent.stdout()).toBe("");
  });
});

describe("a replayed recording", () => {
  it("comes out on standard output as the tenant's own, with its edges, and nothing else does", async () => {
    const agent = startAgent(
      ["--tenant-id", "acme", "--host", "web-1", "--fixture", file("flows.json")],
      { environment: { BUS_MODE: "file", BUS_PATH: "-", FLUSH_INTERVAL: "200ms" } },
    );
    await agent.logged((line) => line.msg === "flush" && Number(line.records_published_total) > 0);
    expect(await agent.end()).toBe(0);
    const batches = agent
      .stdout()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const flows = batches.flatMap((batch) => batch.flows ?? []);
    expect(flows).toHaveLength(RECORDED.length);
    for (const flow of flows) {
      expect(flow).toMatchObject({ tenant_id: "acme", agent_id: "web-1", host: "web-1" });
    }
    const edges = batches
      .flatMap((batch) => batch.edges ?? [])
      .map(({ first_seen_unix_nano: first, last_seen_unix_nano: last, ...edge }) => {
        expect(BigInt(first) <= BigInt(last)).toBe(true);
        return edge;
      });
    const edge = (
      source: string,
      destination: string,
      destination_port: number,
      connections: string,
      bytes: string,
      packets: string,
    ) => ({
      tenant_id: "acme",
      source,
      destination,
      destination_port,
      network_transport: "tcp",
      connections,
      bytes,
      packets,
    });
    expect(edges).toHaveLength(3);
    expect(edges).toEqual(
      expect.arrayContaining([
        edge("198.51.100.1", "nginx", 443, "1", "1000", "10"),
        edge("198.51.100.2", "nginx", 443, "2", "6000", "60"),
        edge("nginx", "10.0.0.9", 5432, "1", "8000", "80"),
      ]),
    );
    expect(agent.log.at(-1)).toMatchObject({ msg: "flush", observed_total: RECORDED.length });
  });
});
