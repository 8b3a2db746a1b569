/**
 * The two ends of a record's connection, and which of them is the client.
 *
 * That is the record's role. When the kernel could not tell (a connection older than the
 * agent), the end with the lower port is taken for the server and, between equal ports, the
 * end with the lower address text for the client, so that both ends of one connection agree.
 */

import type { NetworkTransport } from "../model/flow.ts";
import { FlowRole, IPPROTO_UDP } from "../model/flow-record.ts";
import type { FlowRecordReader } from "./record-reader.ts";

export interface Ends {
  localAddress: string;
  remoteAddress: string;
  localPort: number;
  remotePort: number;
  transport: NetworkTransport;
  localIsClient: boolean;
}

export function noEnds(): Ends {
  return {
    localAddress: "",
    remoteAddress: "",
    localPort: 0,
    remotePort: 0,
    transport: "tcp",
    localIsClient: true,
  };
}

/** Overwrite `ends` with those of the record. */
export function readEnds(record: FlowRecordReader, ends: Ends): void {
  ends.localAddress = record.localAddress;
  ends.remoteAddress = record.remoteAddress;
  ends.localPort = record.localPort;
  ends.remotePort = record.remotePort;
  ends.transport = record.transport === IPPROTO_UDP ? "udp" : "tcp";
  ends.localIsClient = isLocalClient(record.role, ends);
}

function isLocalClient(role: number, ends: Ends): boolean {
  if (role !== FlowRole.Unknown) {
    return role === FlowRole.Client;
  }
  if (ends.localPort !== ends.remotePort) {
    return ends.localPort > ends.remotePort;
  }
  return ends.localAddress < ends.remoteAddress;
}
