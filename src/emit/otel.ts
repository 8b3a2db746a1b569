/**
 * A flow in the names of the OpenTelemetry semantic conventions. What the conventions lack is
 * under `probectl.`; the test beside this module compares every name with their published list.
 */

import type { Flow } from "../model/flow.ts";

/** The version of the conventions the names are taken from. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";

export type Attributes = Record<string, string | number>;

/** The attributes of one flow; empty and unknown values ("" and 0) are left out. */
export function flowAttributes(flow: Flow): Attributes {
  const all: Attributes = {
    "probectl.tenant.id": flow.tenantId,
    "probectl.agent.id": flow.agentId,
    "host.name": flow.host,
    "source.address": flow.sourceAddress,
    "source.port": flow.sourcePort,
    "destination.address": flow.destinationAddress,
    "destination.port": flow.destinationPort,
    "network.transport": flow.networkTransport,
    "network.type": flow.networkType,
    // The conventions' words for the two sides; ours are kept on the bus.
    "network.io.direction": flow.direction === "egress" ? "transmit" : "receive",
    "process.pid": flow.pid,
    "process.executable.name": flow.processName,
    "container.id": flow.containerId,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "" && value !== 0));
}
