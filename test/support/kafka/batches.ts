/** Batches for the tests of the bus, and what a reader has to find in them. */

import type { Flow, FlowBatch, ServiceEdge } from "../../../src/model/flow.ts";
import type { TextMessage } from "../protoc.ts";

/** A flow with a value in every field; 64-bit times beyond what a number holds exactly. */
export function sampleFlow(changes: Partial<Flow> = {}): Flow {
  return {
    tenantId: "acme",
    agentId: "node-1",
    host: "node-1.example",
    observedAtUnixNano: 1_763_600_000_123_456_789n,
    sourceAddress: "10.0.0.7",
    sourcePort: 51_234,
    destinationAddress: "2001:db8::5",
    destinationPort: 443,
    networkTransport: "tcp",
    networkType: "ipv6",
    pid: 4_194_303,
    processName: 'cürl "x"\\\n',
    containerId: "0123456789abcdef".repeat(4),
    workload: "curl@0123456789ab",
    bytes: 9_007_199_254_740_991,
    packets: 4_294_967_296,
    direction: "egress",
    state: "close",
    role: "client",
    uid: 4_294_967_295,
    srttNano: 250_000,
    retransmits: 3,
    durationNano: 7_000_000_001,
    bytesSent: 4_294_967_295,
    bytesReceived: 4_294_967_297,
    netns: 4_026_531_840,
    podUid: "6a1b6c52-1f0a-4a57-9a53-0f6c1e4b9d11",
    systemdUnit: "nginx.service",
    containerRuntime: "containerd",
    ...changes,
  };
}

/** A flow with the default in every field that has one. */
export function emptyFlow(changes: Partial<Flow> = {}): Flow {
  const blanks = Object.entries(sampleFlow())
    .filter(([name]) => !["networkTransport", "networkType", "direction", "state"].includes(name))
    .map(([name, value]) => [name, typeof value === "string" ? "" : 0]);
  return { ...sampleFlow(), ...Object.fromEntries(blanks), observedAtUnixNano: 0n, ...changes };
}

export function sampleEdge(changes: Partial<ServiceEdge> = {}): ServiceEdge {
  return {
    tenantId: "acme",
    source: "curl",
    destination: "nginx@0123456789ab",
    destinationPort: 443,
    networkTransport: "tcp",
    connections: 12,
    bytes: 65_536,
    packets: 99,
    firstSeenUnixNano: 1_763_600_000_000_000_001n,
    lastSeenUnixNano: 1_763_600_000_123_456_789n,
    failedConnections: 2,
    ...changes,
  };
}

export function sampleBatch(): FlowBatch {
  return {
    flows: [
      sampleFlow(),
      sampleFlow({ pid: 0, uid: 0, processName: "", role: "", podUid: "", bytes: 0, packets: 1 }),
    ],
    edges: [sampleEdge(), sampleEdge({ failedConnections: 0, source: "10.0.0.7" })],
  };
}

/** A batch of `count` flows that a port and a time tell apart, each encoding to about 300 bytes. */
export function numberedBatch(count: number): FlowBatch {
  const flows = Array.from({ length: count }, (_, index) =>
    sampleFlow({ sourcePort: 1 + (index % 65_535), observedAtUnixNano: BigInt(index + 1) }),
  );
  return { flows, edges: [] };
}

/** What a second implementation has to read out of an encoded batch: defaults are not there. */
export function expectedText(batch: FlowBatch): TextMessage {
  const lists = { flows: batch.flows.map(fieldsOf), edges: batch.edges.map(fieldsOf) };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function fieldsOf(record: Flow | ServiceEdge): TextMessage {
  const fields: TextMessage = {};
  for (const [name, value] of Object.entries(record)) {
    if (value === "" || value === 0 || value === 0n) continue;
    const exact = typeof value === "bigint" && Number.isSafeInteger(Number(value));
    fields[snakeCase(name)] = [exact ? Number(value) : value];
  }
  return fields;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
