import { describe, expect, it } from "vitest";
import { concat, flowRecord, type RecordFields } from "../../test/support/flow-records.ts";
import { flowStage, metricOf, UNIX_OFFSET_NS } from "../../test/support/flow-stage.ts";
import { FlowFlag, FlowRecordKind, FlowRole, IPPROTO_UDP } from "../model/flow-record.ts";
import type { FlowAggregator } from "./aggregator.ts";

const { Open, Close, Failed, Snapshot } = FlowRecordKind;
const { OpenSent, SnapshotSent, Preexisting } = FlowFlag;
/** This host's server end of a connection from 192.0.2.9:51000. */
const SERVER: RecordFields = {
  role: FlowRole.Server,
  local_address: [10, 0, 0, 1],
  local_port: 443,
  remote_address: [192, 0, 2, 9],
  remote_port: 51_000,
  comm: "nginx",
};

function ingest(stage: FlowAggregator, ...records: RecordFields[]): void {
  stage.ingest(concat(records.map(flowRecord)));
}

/** `source > destination:port connections/failed bytes` of each drained edge. */
function drainedEdges(stage: FlowAggregator): string[] {
  return stage
    .drain()
    .edges.map(
      (edge) =>
        `${edge.source} > ${edge.destination}:${edge.destinationPort}/${edge.networkTransport} ` +
        `${edge.connections}/${edge.failedConnections} ${edge.bytes}`,
    )
    .sort();
}

describe("a flow", () => {
  it("has every field of a client's close", () => {
    const stage = flowStage();
    ingest(stage, {
      kind: Close,
      bytes_sent: 100,
      bytes_received: 2000,
      packets_sent: 5,
      packets_received: 6,
      srtt_us: 250,
      retransmits: 1,
    });
    expect(stage.drain().flows).toEqual([
      {
        tenantId: "acme",
        agentId: "agent-1",
        host: "web-1",
        observedAtUnixNano: UNIX_OFFSET_NS + 1_000_000_000n,
        sourceAddress: "10.0.0.1",
        sourcePort: 40_000,
        destinationAddress: "10.0.0.2",
        destinationPort: 443,
        networkTransport: "tcp",
        networkType: "ipv4",
        pid: 7,
        processName: "curl",
        containerId: "",
        workload: "curl",
        bytes: 2100,
        packets: 11,
        direction: "egress",
        state: "close",
        role: "client",
        uid: 1000,
        srttNano: 250_000,
        retransmits: 1,
        durationNano: 100_000_000,
        bytesSent: 100,
        bytesReceived: 2000,
        netns: 4_026_531_840,
        podUid: "",
        systemdUnit: "",
        containerRuntime: "",
      },
    ]);
  });

  it("has the remote end as source when this host is the server", () => {
    const stage = flowStage();
    ingest(stage, { ...SERVER, transport: IPPROTO_UDP, family: 6 });
    expect(stage.drain().flows[0]).toMatchObject({
      sourceAddress: "c000:209::",
      sourcePort: 51_000,
      destinationAddress: "a00:1::",
      destinationPort: 443,
      direction: "ingress",
      role: "server",
      networkTransport: "udp",
      networkType: "ipv6",
      state: "established",
    });
  });

  it.each([
    ["the lower port is the server", 5000, 80, "egress"],
    ["the lower port is the server", 80, 5000, "ingress"],
    ["of equal ports the lower address is the client", 123, 123, "egress"],
  ])("of unknown role: %s (%i, %i)", (_, local_port, remote_port, direction) => {
    const stage = flowStage();
    ingest(stage, { role: FlowRole.Unknown, local_port, remote_port });
    expect(stage.drain().flows[0]).toMatchObject({ direction, role: "" });
  });

  it("carries at most 2^53 - 1 bytes, whatever the record says", () => {
    const stage = flowStage();
    const bytes = 2n ** 64n - 1n;
    ingest(stage, { kind: Close, bytes_sent: bytes, bytes_received: bytes });
    expect(stage.drain().flows[0]?.bytes).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("a connection", () => {
  it("counts once and in full over open, snapshots and close", () => {
    const stage = flowStage();
    ingest(stage, { kind: Open, bytes_sent: 10 });
    ingest(stage, { kind: Snapshot, flags: OpenSent, bytes_sent: 30, packets_sent: 3 });
    const both = OpenSent | SnapshotSent;
    ingest(stage, { kind: Snapshot, flags: both, bytes_sent: 30, packets_sent: 3 });
    ingest(stage, { kind: Close, flags: both, bytes_sent: 75, packets_sent: 8, retransmits: 2 });
    const flows = stage.drain().flows;
    expect(flows.map((flow) => [flow.state, flow.bytes, flow.packets, flow.retransmits])).toEqual([
      ["established", 0, 0, 0],
      ["established", 30, 3, 0],
      ["close", 45, 5, 2],
    ]);
    expect(metricOf(stage.metrics(), "records_skipped_total", "unchanged")).toBe(1);
    expect(metricOf(stage.metrics(), "connections_tracked")).toBe(0);
    expect(stage.view().edges[0]).toMatchObject({ connections: 1, bytes: 75, packets: 8 });
  });

  it("whose open was lost counts at its close", () => {
    const stage = flowStage();
    ingest(stage, { kind: Close, bytes_sent: 5 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 1/0 5"]);
  });

  it("older than the agent counts once, its bytes from the first sight on", () => {
    const stage = flowStage();
    const old = { flags: Preexisting, start_mono_ns: 0 };
    ingest(stage, { ...old, kind: Snapshot, bytes_sent: 1000 });
    expect(stage.drain().flows).toMatchObject([
      { bytes: 0, durationNano: 0, state: "established" },
    ]);
    ingest(stage, { ...old, kind: Snapshot, flags: Preexisting | SnapshotSent, bytes_sent: 1001 });
    ingest(stage, { ...old, kind: Close, flags: Preexisting | SnapshotSent, bytes_sent: 1003 });
    expect(stage.drain().flows.map((flow) => flow.bytes)).toEqual([1, 2]);
    expect(stage.view().edges[0]).toMatchObject({ connections: 1, bytes: 3 });
  });

  it("older than the agent that closes before any snapshot has no known bytes", () => {
    const stage = flowStage();
    ingest(stage, { kind: Close, flags: Preexisting, start_mono_ns: 0, bytes_sent: 1000 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 1/0 0"]);
  });

  it("seen in a snapshot before its open counts once", () => {
    const stage = flowStage();
    ingest(stage, { kind: Snapshot, bytes_sent: 4 });
    ingest(stage, { kind: Open, observed_mono_ns: 2e9 });
    ingest(stage, { kind: Close, flags: OpenSent | SnapshotSent, bytes_sent: 6 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 1/0 6"]);
  });

  it.each([
    ["knew of", OpenSent],
    ["did not know of", 0],
  ])("whose close overtook an open it %s counts once", (_, flags) => {
    const stage = flowStage();
    ingest(stage, { kind: Close, flags, bytes_sent: 6 }, { kind: Open }, { kind: Snapshot });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 1/0 6"]);
    expect(metricOf(stage.metrics(), "records_skipped_total", "stale")).toBe(1);
  });

  it("that takes over the id of one whose close was lost is a new one", () => {
    const stage = flowStage();
    ingest(stage, { kind: Snapshot, bytes_sent: 100 });
    ingest(stage, { kind: Snapshot, start_mono_ns: 950_000_000n, bytes_sent: 7 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 2/0 107"]);
    expect(metricOf(stage.metrics(), "connections_lost_total")).toBe(1);
  });

  it("wraps its packet counters at 2^32", () => {
    const stage = flowStage();
    ingest(stage, { kind: Snapshot, packets_sent: 0xffff_fff0 });
    ingest(stage, { kind: Close, flags: SnapshotSent, packets_sent: 5 });
    expect(stage.drain().flows.map((flow) => flow.packets)).toEqual([0xffff_fff0, 21]);
  });

  it("whose counters go backwards adds nothing until they pass where they were", () => {
    const stage = flowStage();
    const counters = (value: number) => ({
      bytes_sent: value,
      bytes_received: value,
      packets_sent: value,
      packets_received: value,
      retransmits: value,
    });
    for (const value of [100, 60, 90, 107]) {
      ingest(stage, { kind: Snapshot, flags: SnapshotSent, ...counters(value) });
    }
    ingest(stage, { kind: Close, flags: SnapshotSent, ...counters(50) });
    const flows = stage.drain().flows;
    expect(flows.map((flow) => [flow.bytes, flow.packets, flow.retransmits])).toEqual([
      [14, 14, 7],
      [0, 0, 0],
    ]);
  });

  it("is forgotten when two snapshots in a row did not show it", () => {
    const stage = flowStage();
    const tracked = () => metricOf(stage.metrics(), "connections_tracked");
    const snapshot = (...ids: number[]) => {
      ingest(stage, ...ids.map((id) => ({ kind: Snapshot, connection_id: id })));
      stage.snapshotComplete();
    };
    snapshot(1, 2);
    stage.snapshotComplete();
    snapshot(2);
    expect(tracked()).toBe(2);
    snapshot(2);
    expect(tracked()).toBe(1);
    expect(metricOf(stage.metrics(), "connections_lost_total")).toBe(1);
  });

  it("beyond the bound on remembered ones never counts twice", () => {
    const stage = flowStage({ maxTrackedConnections: 1 });
    ingest(stage, { kind: Snapshot, connection_id: 1 });
    ingest(stage, { kind: Snapshot, connection_id: 2, bytes_sent: 50 });
    ingest(stage, { kind: Snapshot, connection_id: 2, bytes_sent: 60 });
    ingest(stage, { kind: Close, connection_id: 2, bytes_sent: 70 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 2/0 70"]);
    expect(metricOf(stage.metrics(), "records_skipped_total", "untracked")).toBe(2);
  });
});

describe("an edge", () => {
  it("counts failed connects, which make no flow", () => {
    const stage = flowStage();
    ingest(stage, { kind: Failed, error: 111 }, { kind: Failed, error: 110 });
    expect(stage.view().edges[0]).toMatchObject({ connections: 0, failedConnections: 2 });
    expect(stage.drain()).toMatchObject({ flows: [], edges: [{ failedConnections: 2 }] });
    expect(metricOf(stage.metrics(), "connect_failed_total")).toBe(2);
  });

  it("goes from the remote client to the workload that serves it", () => {
    const stage = flowStage();
    ingest(stage, { ...SERVER, kind: Close, bytes_received: 9 });
    expect(drainedEdges(stage)).toEqual(["192.0.2.9 > nginx:443/tcp 1/0 9"]);
  });

  it("has addresses where no workload is known", () => {
    const stage = flowStage();
    ingest(stage, { comm: "" }, { ...SERVER, comm: "" });
    expect(drainedEdges(stage)).toEqual([
      "10.0.0.1 > 10.0.0.2:443/tcp 1/0 0",
      "192.0.2.9 > 10.0.0.1:443/tcp 1/0 0",
    ]);
  });

  it("between two ends on this host is fed by the client and named by both", () => {
    const stage = flowStage();
    ingest(stage, { connection_id: 1 });
    ingest(stage, {
      ...SERVER,
      connection_id: 2,
      local_address: [10, 0, 0, 2],
      remote_address: [10, 0, 0, 1],
      remote_port: 40_000,
    });
    expect(stage.view().edges).toMatchObject([{ source: "curl", destination: "nginx" }]);
    const batch = stage.drain();
    expect(batch.flows).toHaveLength(2);
    expect(batch.edges).toMatchObject([{ source: "curl", destination: "nginx", connections: 1 }]);
    expect(metricOf(stage.metrics(), "same_host_records_total")).toBe(1);
  });

  it("to a server that is named late keeps what was published, and shows all under the name", () => {
    const stage = flowStage();
    ingest(stage, { connection_id: 1, kind: Close, bytes_sent: 3 });
    expect(drainedEdges(stage)).toEqual(["curl > 10.0.0.2:443/tcp 1/0 3"]);
    ingest(stage, { ...SERVER, connection_id: 2, local_address: [10, 0, 0, 2] });
    ingest(stage, { connection_id: 3, kind: Close, bytes_sent: 4 });
    expect(drainedEdges(stage)).toEqual([
      "192.0.2.9 > nginx:443/tcp 1/0 0",
      "curl > nginx:443/tcp 1/0 4",
    ]);
    expect(stage.view().edges).toMatchObject([
      { source: "curl", destination: "nginx", connections: 2, bytes: 7 },
      { source: "192.0.2.9" },
    ]);
  });

  it("over loopback is named within its network namespace only", () => {
    const stage = flowStage();
    const loopback = { local_address: [127, 0, 0, 1], remote_address: [127, 0, 0, 1] };
    ingest(stage, { ...SERVER, ...loopback, connection_id: 1, netns: 1 });
    ingest(stage, { ...loopback, connection_id: 2, netns: 1, comm: "inside" });
    ingest(stage, { ...loopback, connection_id: 3, netns: 2, comm: "outside" });
    expect(drainedEdges(stage)).toEqual([
      "inside > nginx:443/tcp 1/0 0",
      "outside > 127.0.0.1:443/tcp 1/0 0",
    ]);
  });

  it("keeps TCP and UDP of one port apart", () => {
    const stage = flowStage();
    ingest(stage, { connection_id: 1 }, { connection_id: 2, transport: IPPROTO_UDP });
    expect(drainedEdges(stage)).toEqual([
      "curl > 10.0.0.2:443/tcp 1/0 0",
      "curl > 10.0.0.2:443/udp 1/0 0",
    ]);
  });

  it("does not take an unbound socket's address for one of this host", () => {
    const stage = flowStage();
    ingest(stage, { connection_id: 1, local_address: [0, 0, 0, 0] });
    ingest(stage, { ...SERVER, connection_id: 2, remote_address: [0, 0, 0, 0] });
    expect(drainedEdges(stage)).toContain("0.0.0.0 > nginx:443/tcp 1/0 0");
  });

  it("reports the first and the last time it was seen", () => {
    const stage = flowStage();
    ingest(stage, { connection_id: 1, observed_mono_ns: 1_000_000n });
    stage.drain();
    ingest(stage, { connection_id: 2, observed_mono_ns: 9_000_000n });
    expect(stage.drain().edges).toMatchObject([
      {
        firstSeenUnixNano: UNIX_OFFSET_NS + 1_000_000n,
        lastSeenUnixNano: UNIX_OFFSET_NS + 9_000_000n,
      },
    ]);
  });

  it("evicted before it was published is in the next batch", () => {
    const stage = flowStage({ maxServiceEdges: 1 });
    ingest(stage, { connection_id: 1, comm: "a" }, { connection_id: 2, comm: "b" });
    expect(drainedEdges(stage)).toEqual([
      "a > 10.0.0.2:443/tcp 1/0 0",
      "b > 10.0.0.2:443/tcp 1/0 0",
    ]);
    expect(metricOf(stage.metrics(), "service_edges")).toBe(1);
    expect(metricOf(stage.metrics(), "edges_evicted_total")).toBe(1);
  });
});

describe("the stage", () => {
  it("drops flows beyond its bound from the batch, counted, and not from the edges", () => {
    const stage = flowStage({ maxPendingFlows: 2 });
    ingest(stage, ...[1, 2, 3].map((id) => ({ connection_id: id, kind: Close, bytes_sent: 1 })));
    expect(metricOf(stage.metrics(), "flows_dropped_total", "pending_full")).toBe(1);
    const batch = stage.drain();
    expect(batch.flows).toHaveLength(2);
    expect(batch.edges).toMatchObject([{ connections: 3, bytes: 3 }]);
    expect(stage.drain()).toEqual({ flows: [], edges: [] });
  });

  it("shows the latest flows first, and no more than asked for", () => {
    const stage = flowStage({ recentFlowsMax: 2 });
    ingest(stage, ...[1, 2, 3].map((id) => ({ connection_id: id, pid: id, srtt_us: 1500 })));
    const flows = stage.view().flows;
    expect(flows.map((flow) => [flow.sequence, flow.pid])).toEqual([
      [2, 3],
      [1, 2],
    ]);
    expect(flows[0]).toMatchObject({
      srttMs: 1.5,
      durationMs: 100,
      observedUnixMs: 1.700000001e12,
    });
  });

  it("shows no flows when asked for none", () => {
    const stage = flowStage({ recentFlowsMax: 0 });
    ingest(stage, {});
    expect(stage.view().flows).toEqual([]);
  });

  it("gives each metric once, with the counter suffix where it is one", () => {
    const names = flowStage()
      .metrics()
      .map((metric) => `${metric.name} ${JSON.stringify(metric.labels ?? {})}`);
    expect(new Set(names).size).toBe(names.length);
    for (const metric of flowStage().metrics()) {
      expect(metric.name.endsWith("_total")).toBe(metric.type === "counter");
    }
  });
});
