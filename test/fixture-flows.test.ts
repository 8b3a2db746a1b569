/** The recorded sample through the source and the flow stage: what a host without a kernel shows. */

import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createFixtureSource } from "../src/capture/fixture.ts";
import { flowStage, metricOf } from "./support/flow-stage.ts";

const SAMPLE = new URL("../fixtures/flows.json", import.meta.url);

async function replaySample() {
  const stage = flowStage();
  const source = createFixtureSource({ path: SAMPLE.pathname, monoNowNs: () => 10n ** 13n });
  await source.start((records) => stage.ingest(records));
  return { stage, source };
}

describe("the sample fixture", () => {
  it("yields exactly one flow per entry, with the entry's values and this agent's tenant", async () => {
    const { stage } = await replaySample();
    const entries = JSON.parse(await readFile(SAMPLE, "utf8"));
    const flows = stage.drain().flows;
    expect(entries.length).toBeGreaterThanOrEqual(30);
    expect(flows).toHaveLength(entries.length);
    flows.forEach((flow, index) => {
      const entry = entries[index];
      expect(flow).toMatchObject({
        tenantId: "acme",
        agentId: "agent-1",
        host: "web-1",
        sourceAddress: entry.source_address,
        sourcePort: entry.source_port,
        destinationAddress: entry.destination_address,
        destinationPort: entry.destination_port,
        networkTransport: entry.network_transport,
        networkType: entry.network_type,
        pid: entry.source_pid,
        processName: entry.process_name,
        bytes: entry.bytes,
        packets: entry.packets,
        direction: entry.direction,
        state: entry.state,
        bytesReceived: entry.bytes_received,
      });
    });
  });

  it("draws a map whose local services have names on both ends", async () => {
    const { stage } = await replaySample();
    const { edges } = stage.view();
    const found = edges.find((edge) => edge.source === "nginx" && edge.destinationPort === 8080);
    expect(found).toMatchObject({ destination: "shop-api", connections: 3 });
    expect(edges.some((edge) => edge.transport === "udp" && edge.destinationPort === 53)).toBe(
      true,
    );
    expect(edges.some((edge) => edge.source.includes(":") && edge.destination === "nginx")).toBe(
      true,
    );
    expect(edges.some((edge) => edge.destination === "127.0.0.1")).toBe(false);
  });

  it("adds nothing and loses nothing at later flushes", async () => {
    const { stage, source } = await replaySample();
    stage.drain();
    for (let flush = 0; flush < 4; flush++) {
      source.collect();
      stage.snapshotComplete();
      expect(stage.drain()).toEqual({ flows: [], edges: [] });
    }
    expect(metricOf(stage.metrics(), "connections_lost_total")).toBe(0);
  });
});
