/**
 * Edges as the outside sees them: between names. Several edges of the map fold into one when
 * a workload serves on several addresses.
 *
 * A name is looked up each time edges are read. When a server's name is learned late, what was
 * published before stays under its address, what follows carries the name, and the live view,
 * which is cumulative, shows all of it under the name; no count is in two places.
 */

import type { NetworkTransport, ServiceEdge } from "../model/flow.ts";
import type { LiveEdge } from "../model/live-view.ts";
import { addCounts, type Edge, type EdgeCounts, type EdgeIdentity, noCounts } from "./edge-map.ts";
import type { EndpointRegistry } from "./endpoint-registry.ts";

const NANOS_PER_MILLI = 1_000_000n;

interface NamedEdge {
  source: string;
  destination: string;
  destinationPort: number;
  transport: NetworkTransport;
  counts: EdgeCounts;
  firstSeenUnixNano: bigint;
  lastSeenUnixNano: bigint;
}

/** Folds edges by name, in the order in which their names first appear. */
export class NamedEdges {
  readonly #registry: EndpointRegistry;
  readonly #edges = new Map<string, NamedEdge>();

  constructor(registry: EndpointRegistry) {
    this.#registry = registry;
  }

  /** `counts`: which of the edge's counts to add. */
  add(edge: Edge, ...counts: readonly EdgeCounts[]): void {
    const named = this.#named(edge);
    for (const some of counts) {
      addCounts(some, named.counts);
    }
    if (edge.firstSeenUnixNano < named.firstSeenUnixNano) {
      named.firstSeenUnixNano = edge.firstSeenUnixNano;
    }
    if (edge.lastSeenUnixNano > named.lastSeenUnixNano) {
      named.lastSeenUnixNano = edge.lastSeenUnixNano;
    }
  }

  toServiceEdges(tenantId: string): ServiceEdge[] {
    return Array.from(this.#edges.values(), (edge) => ({
      tenantId,
      source: edge.source,
      destination: edge.destination,
      destinationPort: edge.destinationPort,
      networkTransport: edge.transport,
      connections: edge.counts.connections,
      bytes: edge.counts.bytes,
      packets: edge.counts.packets,
      firstSeenUnixNano: edge.firstSeenUnixNano,
      lastSeenUnixNano: edge.lastSeenUnixNano,
      failedConnections: edge.counts.failedConnections,
    }));
  }

  /** The first `count` edges. */
  toLiveEdges(count: number): LiveEdge[] {
    return [...this.#edges.values()].slice(0, count).map((edge) => ({
      source: edge.source,
      destination: edge.destination,
      destinationPort: edge.destinationPort,
      transport: edge.transport,
      ...edge.counts,
      firstSeenUnixMs: Number(edge.firstSeenUnixNano / NANOS_PER_MILLI),
      lastSeenUnixMs: Number(edge.lastSeenUnixNano / NANOS_PER_MILLI),
    }));
  }

  #named(edge: Edge): NamedEdge {
    const { source, destinationPort, transport } = edge.identity;
    const destination = this.#destinationOf(edge.identity);
    const key = JSON.stringify([source, destination, destinationPort, transport]);
    let named = this.#edges.get(key);
    if (named === undefined) {
      named = {
        source,
        destination,
        destinationPort,
        transport,
        counts: noCounts(),
        firstSeenUnixNano: edge.firstSeenUnixNano,
        lastSeenUnixNano: edge.lastSeenUnixNano,
      };
      this.#edges.set(key, named);
    }
    return named;
  }

  #destinationOf(identity: EdgeIdentity): string {
    const name = identity.destinationIsAddress
      ? this.#registry.serverOf(identity.destination, identity.destinationKey)
      : undefined;
    return name ?? identity.destination;
  }
}
