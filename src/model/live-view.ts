/** What the live page shows: the service map and the latest flows, never a payload byte. */

import type { Direction, FlowState, NetworkTransport, NetworkType, Role } from "./flow.ts";

/** Cumulative since the agent started. */
export interface LiveEdge {
  source: string;
  destination: string;
  destinationPort: number;
  transport: NetworkTransport;
  connections: number;
  failedConnections: number;
  bytes: number;
  packets: number;
  firstSeenUnixMs: number;
  lastSeenUnixMs: number;
}

/** One flow row; counts as in `Flow` (what was new in that observation). */
export interface LiveFlow {
  /** Increases by one per flow; gaps mean the table's bound dropped rows. */
  sequence: number;
  observedUnixMs: number;
  sourceAddress: string;
  sourcePort: number;
  destinationAddress: string;
  destinationPort: number;
  transport: NetworkTransport;
  type: NetworkType;
  pid: number;
  uid: number;
  processName: string;
  containerId: string;
  workload: string;
  direction: Direction;
  role: Role;
  state: FlowState;
  bytesSent: number;
  bytesReceived: number;
  packets: number;
  retransmits: number;
  srttMs: number;
  durationMs: number;
}

export interface LiveView {
  agent: {
    tenantId: string;
    host: string;
    version: string;
    mode: "live" | "fixture" | "unavailable";
    /** Why this mode, in one line. */
    reason: string;
    startedUnixMs: number;
    nowUnixMs: number;
  };
  totals: {
    observed: number;
    dropped: number;
    connectionsFailed: number;
    edges: number;
    edgesEvicted: number;
    batchesPublished: number;
  };
  /** Most recently seen first; at most LIVE_EDGES_MAX. */
  edges: LiveEdge[];
  /** Most recent first; at most LIVE_FLOWS_MAX. */
  flows: LiveFlow[];
}

export const LIVE_EDGES_MAX = 500;
export const LIVE_FLOWS_MAX = 500;
