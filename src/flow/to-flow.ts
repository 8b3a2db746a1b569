/** One Flow from one record, the counts being what is new in it. */

import type { Flow, Role } from "../model/flow.ts";
import { FlowRecordKind, FlowRole } from "../model/flow-record.ts";
import type { ProcessIdentity } from "../model/ports.ts";
import type { FlowDelta } from "./connection-table.ts";
import type { Ends } from "./ends.ts";
import type { FlowRecordReader } from "./record-reader.ts";

/** Who observes: the same in every Flow of an agent. */
export interface Observer {
  readonly tenantId: string;
  readonly agentId: string;
  readonly host: string;
}

/**
 * Sent and received are as the socket on this host sees them. A Flow whose role had to be
 * guessed has a direction and an empty role.
 */
export function toFlow(
  record: FlowRecordReader,
  delta: Readonly<FlowDelta>,
  ends: Readonly<Ends>,
  identity: ProcessIdentity,
  observer: Observer,
  observedAtUnixNano: bigint,
): Flow {
  const { localAddress, remoteAddress, localPort, remotePort, localIsClient } = ends;
  return {
    tenantId: observer.tenantId,
    agentId: observer.agentId,
    host: observer.host,
    observedAtUnixNano,
    sourceAddress: localIsClient ? localAddress : remoteAddress,
    sourcePort: localIsClient ? localPort : remotePort,
    destinationAddress: localIsClient ? remoteAddress : localAddress,
    destinationPort: localIsClient ? remotePort : localPort,
    networkTransport: ends.transport,
    networkType: record.family === 4 ? "ipv4" : "ipv6",
    pid: record.pid,
    processName: identity.processName,
    containerId: identity.containerId,
    workload: identity.workload,
    bytes: Math.min(delta.bytesSent + delta.bytesReceived, Number.MAX_SAFE_INTEGER),
    packets: delta.packetsSent + delta.packetsReceived,
    direction: localIsClient ? "egress" : "ingress",
    state: record.kind === FlowRecordKind.Close ? "close" : "established",
    role: roleOf(record.role),
    uid: record.uid,
    srttNano: record.srttUs * 1000,
    retransmits: delta.retransmits,
    durationNano: record.durationNs,
    bytesSent: delta.bytesSent,
    bytesReceived: delta.bytesReceived,
    netns: record.netns,
    podUid: identity.podUid,
    systemdUnit: identity.systemdUnit,
    containerRuntime: identity.containerRuntime,
  };
}

function roleOf(role: number): Role {
  if (role === FlowRole.Client) {
    return "client";
  }
  return role === FlowRole.Server ? "server" : "";
}
