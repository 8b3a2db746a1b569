/**
 * What leaves the host: the messages of `probectl.ebpf.v1` as plain objects.
 *
 * Property names are the camelCase of the protobuf fields in `src/emit/flow.proto`. Times are
 * bigint nanoseconds; counts are numbers (exact to 2^53). "" and 0 mean not known.
 */

export type NetworkTransport = "tcp" | "udp";
export type NetworkType = "ipv4" | "ipv6";
export type Direction = "ingress" | "egress";
export type FlowState = "established" | "close";
export type Role = "" | "client" | "server";

/**
 * One observation of one connection. `bytes`, `packets` and the sent/received counts are what
 * was new since the connection's previous Flow, so that their sum over all Flows of a
 * connection is its total. Source is the client, destination the server, whichever is here.
 */
export interface Flow {
  tenantId: string;
  agentId: string;
  host: string;
  observedAtUnixNano: bigint;
  sourceAddress: string;
  sourcePort: number;
  destinationAddress: string;
  destinationPort: number;
  networkTransport: NetworkTransport;
  networkType: NetworkType;
  pid: number;
  processName: string;
  containerId: string;
  workload: string;
  bytes: number;
  packets: number;
  direction: Direction;
  state: FlowState;
  role: Role;
  uid: number;
  srttNano: number;
  retransmits: number;
  durationNano: number;
  bytesSent: number;
  bytesReceived: number;
  netns: number;
  podUid: string;
  systemdUnit: string;
  containerRuntime: string;
}

/**
 * A directed client -> server relation. Counts are what was new since this edge was last
 * published; `firstSeenUnixNano` is the first time this agent saw the edge.
 */
export interface ServiceEdge {
  tenantId: string;
  source: string;
  destination: string;
  destinationPort: number;
  networkTransport: NetworkTransport;
  connections: number;
  bytes: number;
  packets: number;
  firstSeenUnixNano: bigint;
  lastSeenUnixNano: bigint;
  failedConnections: number;
}

export interface FlowBatch {
  flows: Flow[];
  edges: ServiceEdge[];
}
