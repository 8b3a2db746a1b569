/**
 * Live views for tests and pictures of the live page: a plausible small server, and one whose
 * every name attacks the page. Addresses are of the documentation ranges (RFC 5737, RFC 3849).
 */

import type { LiveEdge, LiveFlow, LiveView } from "../../src/model/live-view.ts";

export const START_UNIX_MS = Date.UTC(2026, 0, 15, 9, 30);

const API = "orders-api@7f3c9a1be204";
const API_CONTAINER = "7f3c9a1be204c6d15d0a88e0b1f3a9d27c4e6b8f0123456789abcdef01234567";
const WORKER = "mailer@52d0e1aa9c3f";
const WORKER_CONTAINER = "52d0e1aa9c3f77c0b1f3a9d27c4e6b8f0123456789abcdef0123456789abcdef";

export function liveEdge(edge: Partial<LiveEdge>): LiveEdge {
  return {
    source: "curl",
    destination: "192.0.2.1",
    destinationPort: 443,
    transport: "tcp",
    connections: 1,
    failedConnections: 0,
    bytes: 4096,
    packets: 12,
    firstSeenUnixMs: START_UNIX_MS,
    lastSeenUnixMs: START_UNIX_MS + 60_000,
    ...edge,
  };
}

export function liveFlow(flow: Partial<LiveFlow>): LiveFlow {
  return {
    sequence: 1,
    observedUnixMs: START_UNIX_MS + 60_000,
    sourceAddress: "198.51.100.7",
    sourcePort: 50_412,
    destinationAddress: "192.0.2.1",
    destinationPort: 443,
    transport: "tcp",
    type: "ipv4",
    pid: 4711,
    uid: 1000,
    processName: "curl",
    containerId: "",
    workload: "curl",
    direction: "egress",
    role: "client",
    state: "close",
    bytesSent: 812,
    bytesReceived: 5_420,
    packets: 21,
    retransmits: 0,
    srttMs: 11.4,
    durationMs: 84.2,
    ...flow,
  };
}

export function liveView(view: Partial<Pick<LiveView, "edges" | "flows">> = {}): LiveView {
  const edges = view.edges ?? [];
  return {
    agent: {
      tenantId: "local",
      host: "node-a.example.com",
      version: "0.1.0",
      mode: "live",
      reason: "kernel 6.1.0, BTF, ring buffer, CAP_BPF and CAP_PERFMON",
      startedUnixMs: START_UNIX_MS,
      nowUnixMs: START_UNIX_MS + 62_000,
    },
    totals: {
      observed: 1_284,
      dropped: 0,
      connectionsFailed: edges.reduce((sum, edge) => sum + edge.failedConnections, 0),
      edges: edges.length,
      edgesEvicted: 0,
      batchesPublished: 6,
    },
    edges,
    flows: view.flows ?? [],
  };
}

/** source, destination, port, connections, bytes, failed, transport */
type EdgeRow = [string, string, number, number, number, number?, LiveEdge["transport"]?];

const SERVER_EDGES: readonly EdgeRow[] = [
  ["203.0.113.24", "nginx", 443, 412, 9_421_000],
  ["203.0.113.77", "nginx", 443, 96, 1_204_000],
  ["2001:db8:4f::1a2b", "nginx", 443, 188, 3_870_000],
  ["198.51.100.9", "sshd", 22, 2, 184_000],
  ["nginx", API, 8080, 640, 14_820_000],
  [API, "postgres", 5432, 24, 48_200_000],
  [API, "redis-server", 6379, 18, 6_310_000],
  [API, "192.0.2.80", 443, 37, 912_000, 4],
  [API, "systemd-resolved", 53, 214, 41_000, 0, "udp"],
  ["systemd-resolved", "192.0.2.53", 53, 120, 26_000, 0, "udp"],
  [WORKER, "redis-server", 6379, 4, 880_000],
  [WORKER, "192.0.2.25", 587, 0, 0, 12],
  ["prometheus", API, 9102, 60, 2_400_000],
  ["prometheus", "node_exporter", 9100, 60, 5_100_000],
  ["prometheus", "prometheus", 9090, 6, 320_000],
  ["chronyd", "192.0.2.123", 123, 9, 860, 0, "udp"],
];

/** source address and port, destination address and port, process, pid, role, more */
type FlowRow = [string, number, string, number, string, number, "client" | "server", object?];

const LOCAL = "127.0.0.1";
const SERVER_FLOWS: readonly FlowRow[] = [
  ["203.0.113.24", 61_022, "198.51.100.7", 443, "nginx", 911, "server", { bytesSent: 48_211 }],
  [LOCAL, 40_118, LOCAL, 8080, "nginx", 911, "client", { srttMs: 0.04, durationMs: 12.8 }],
  [LOCAL, 40_118, LOCAL, 8080, "orders-api", 2204, "server", { srttMs: 0.05, durationMs: 12.7 }],
  [LOCAL, 51_904, LOCAL, 5432, "orders-api", 2204, "client", { state: "established" }],
  [LOCAL, 51_904, LOCAL, 5432, "postgres", 1830, "server", { state: "established" }],
  [LOCAL, 36_020, LOCAL, 6379, "orders-api", 2204, "client", { state: "established" }],
  [LOCAL, 36_020, LOCAL, 6379, "redis-server", 1402, "server", { state: "established" }],
  ["198.51.100.7", 38_112, "192.0.2.80", 443, "orders-api", 2204, "client", { retransmits: 3 }],
  ["2001:db8:4f::1a2b", 55_310, "2001:db8:7::7", 443, "nginx", 911, "server", { type: "ipv6" }],
  [
    "198.51.100.7",
    46_002,
    "192.0.2.53",
    53,
    "systemd-resolve",
    602,
    "client",
    { transport: "udp" },
  ],
  ["198.51.100.9", 50_022, "198.51.100.7", 22, "sshd", 30_114, "server", { state: "established" }],
  ["198.51.100.7", 33_880, "192.0.2.25", 587, "mailer", 2317, "client", { bytesReceived: 0 }],
  [LOCAL, 44_410, LOCAL, 9100, "prometheus", 1105, "client", { bytesReceived: 84_120 }],
];

const CONTAINERS: Readonly<Record<string, [workload: string, containerId: string]>> = {
  "orders-api": [API, API_CONTAINER],
  mailer: [WORKER, WORKER_CONTAINER],
  "systemd-resolve": ["systemd-resolved", ""],
};

/** A small web server with its database, as of `elapsedMs` after the start. */
export function serverView(elapsedMs: number): LiveView {
  const nowUnixMs = START_UNIX_MS + elapsedMs;
  const edges = SERVER_EDGES.map((row, index): LiveEdge => {
    const [source, destination, destinationPort, connections, bytes, failed, transport] = row;
    return liveEdge({
      source,
      destination,
      destinationPort,
      connections,
      bytes,
      failedConnections: failed ?? 0,
      transport: transport ?? "tcp",
      lastSeenUnixMs: nowUnixMs - (index % 4 === 3 ? 40_000 : index * 300),
    });
  });
  const count = 140;
  const flows = Array.from({ length: count }, (_, index): LiveFlow => {
    const row = SERVER_FLOWS[index % SERVER_FLOWS.length] ?? SERVER_FLOWS[0];
    if (row === undefined) throw new Error("no flow to repeat");
    const [sourceAddress, sourcePort, destinationAddress, destinationPort] = row;
    const [processName, pid, role, more] = [row[4], row[5], row[6], row[7]];
    const [workload, containerId] = CONTAINERS[processName] ?? [processName, ""];
    return liveFlow({
      sequence: count - index,
      observedUnixMs: nowUnixMs - index * 430,
      sourceAddress,
      sourcePort: sourcePort + Math.floor(index / SERVER_FLOWS.length),
      destinationAddress,
      destinationPort,
      processName,
      pid,
      role,
      direction: role === "client" ? "egress" : "ingress",
      workload,
      containerId,
      bytesSent: 420 + ((index * 7919) % 9000),
      bytesReceived: 900 + ((index * 104_729) % 60_000),
      srttMs: 0.4 + ((index * 31) % 180) / 10,
      durationMs: 3 + ((index * 613) % 4000),
      ...more,
    });
  });
  const view = liveView({ edges, flows });
  view.agent.nowUnixMs = nowUnixMs;
  return view;
}

/** What runs or hides when a page treats a name as markup, script or layout. */
export const HOSTILE_NAMES = [
  "<img src=x onerror=window.pwned=1>",
  "<script>window.pwned=2</script>",
  '"><svg onload=window.pwned=3>',
  "javascript:window.pwned=4",
  "__proto__",
  "constructor",
  "a\u202egnp.exe",
  "bell\u0007\u001b[31mred\nnewline",
  "W".repeat(300),
  "界".repeat(40),
] as const;

export function hostileView(): LiveView {
  const view = liveView({
    edges: HOSTILE_NAMES.map((name, index) =>
      liveEdge({
        source: name,
        destination: HOSTILE_NAMES[(index + 3) % HOSTILE_NAMES.length] ?? "",
      }),
    ),
    flows: HOSTILE_NAMES.map((name, index) =>
      liveFlow({ sequence: 100 - index, processName: name, workload: name, containerId: name }),
    ),
  });
  const [tenantId, host, version] = HOSTILE_NAMES;
  view.agent = { ...view.agent, tenantId, host, version, reason: HOSTILE_NAMES.join(" ") };
  return view;
}
