/**
 * The bounded service map: directed client -> server relations, the least recently seen one
 * evicted when there is no room.
 *
 * Edges are kept by what a record says of its two ends. The name of a server on this host may
 * become known only after its clients were counted, so names are put in when edges are read.
 * Counts that were not published yet outlive the eviction of their edge, for up to 50,000
 * evicted edges between two publications.
 *
 * All edges hang in one list, most recently seen first: what was touched since the last
 * publication is a prefix of it, so nothing else keeps track of that.
 */

import type { NetworkTransport } from "../model/flow.ts";
import type { PortKey } from "./endpoint-registry.ts";

const UNPUBLISHED_MAX = 50_000;

export interface EdgeCounts {
  connections: number;
  failedConnections: number;
  bytes: number;
  packets: number;
}

/** What tells edges apart. */
export interface EdgeIdentity {
  /** This host is the client's (its connections feed the edge), else the server's. */
  readonly localIsClient: boolean;
  /** Workload or address of the client. */
  readonly source: string;
  /** Workload or address of the server; an address when `destinationIsAddress`. */
  readonly destination: string;
  readonly destinationIsAddress: boolean;
  readonly destinationKey: PortKey;
  readonly destinationPort: number;
  readonly transport: NetworkTransport;
}

export interface Edge {
  readonly identity: EdgeIdentity;
  readonly firstSeenUnixNano: bigint;
  lastSeenUnixNano: bigint;
  /** New since the last publication. */
  readonly fresh: EdgeCounts;
  /** Published before. */
  readonly published: EdgeCounts;
  /** Touched since the last publication. */
  isFresh: boolean;
  newer: Edge | undefined;
  older: Edge | undefined;
}

/**
 * Local end, server port, remote end. In this order, as a host has few local ends and many
 * remote ones: most edges then cost no map of their own.
 */
type EdgeIndex = Map<string, Map<PortKey, Map<string, Edge>>>;

export class EdgeMap {
  readonly #edgesMax: number;
  readonly #unpublishedMax: number;
  readonly #asClient: EdgeIndex = new Map();
  readonly #asServer: EdgeIndex = new Map();
  #unpublished: Edge[] = [];
  #newest: Edge | undefined;
  #oldest: Edge | undefined;

  size = 0;
  evicted = 0;
  /** Evicted edges whose counts found no room to wait for publication. */
  unpublishedLost = 0;

  /** `edgesMax` 0 is unbounded. */
  constructor(edgesMax: number, unpublishedMax: number = UNPUBLISHED_MAX) {
    this.#edgesMax = edgesMax;
    this.#unpublishedMax = unpublishedMax;
  }

  /** The edge, made when new. Its `fresh` counts are the caller's to add to. */
  touch(identity: EdgeIdentity, seenUnixNano: bigint): Edge {
    const known = this.#indexOf(identity)
      .get(localEnd(identity))
      ?.get(identity.destinationKey)
      ?.get(remoteEnd(identity));
    const edge = known ?? this.#insert(identity, seenUnixNano);
    if (edge !== this.#newest) {
      this.#unlink(edge);
      this.#linkNewest(edge);
    }
    edge.isFresh = true;
    if (seenUnixNano > edge.lastSeenUnixNano) {
      edge.lastSeenUnixNano = seenUnixNano;
    }
    return edge;
  }

  /**
   * Visit every edge touched since the last call, the evicted ones included; afterwards their
   * fresh counts are published ones.
   */
  publish(visit: (edge: Edge) => void): void {
    const unpublished = this.#unpublished;
    this.#unpublished = [];
    for (const edge of unpublished) {
      visit(edge);
    }
    for (let edge = this.#newest; edge?.isFresh; edge = edge.older) {
      visit(edge);
      moveCounts(edge.fresh, edge.published);
      edge.isFresh = false;
    }
  }

  /** Every edge of the map, most recently seen first. */
  *newestFirst(): Generator<Edge> {
    for (let edge = this.#newest; edge !== undefined; edge = edge.older) {
      yield edge;
    }
  }

  #insert(identity: EdgeIdentity, seenUnixNano: bigint): Edge {
    if (this.#edgesMax !== 0 && this.size >= this.#edgesMax) {
      this.#evictOldest();
    }
    const edge: Edge = {
      identity,
      firstSeenUnixNano: seenUnixNano,
      lastSeenUnixNano: seenUnixNano,
      fresh: noCounts(),
      published: noCounts(),
      isFresh: false,
      newer: undefined,
      older: undefined,
    };
    const byPort = childMap(this.#indexOf(identity), localEnd(identity));
    childMap(byPort, identity.destinationKey).set(remoteEnd(identity), edge);
    this.size++;
    return edge;
  }

  #evictOldest(): void {
    const edge = this.#oldest;
    if (edge === undefined) {
      return;
    }
    this.#unlink(edge);
    this.#forget(edge.identity);
    this.size--;
    this.evicted++;
    if (!edge.isFresh) {
      return;
    }
    if (this.#unpublished.length < this.#unpublishedMax) {
      this.#unpublished.push(edge);
    } else {
      this.unpublishedLost++;
    }
  }

  #forget(identity: EdgeIdentity): void {
    const index = this.#indexOf(identity);
    const byPort = index.get(localEnd(identity));
    const byRemote = byPort?.get(identity.destinationKey);
    byRemote?.delete(remoteEnd(identity));
    if (byRemote?.size === 0) {
      byPort?.delete(identity.destinationKey);
    }
    if (byPort?.size === 0) {
      index.delete(localEnd(identity));
    }
  }

  #indexOf(identity: EdgeIdentity): EdgeIndex {
    return identity.localIsClient ? this.#asClient : this.#asServer;
  }

  #linkNewest(edge: Edge): void {
    edge.older = this.#newest;
    if (this.#newest !== undefined) {
      this.#newest.newer = edge;
    }
    this.#newest = edge;
    this.#oldest ??= edge;
  }

  /** A no-op for an edge that was never linked. */
  #unlink(edge: Edge): void {
    if (edge.newer !== undefined) {
      edge.newer.older = edge.older;
    } else if (this.#newest === edge) {
      this.#newest = edge.older;
    }
    if (edge.older !== undefined) {
      edge.older.newer = edge.newer;
    } else if (this.#oldest === edge) {
      this.#oldest = edge.newer;
    }
    edge.newer = undefined;
    edge.older = undefined;
  }
}

function localEnd(identity: EdgeIdentity): string {
  return identity.localIsClient ? identity.source : identity.destination;
}

function remoteEnd(identity: EdgeIdentity): string {
  return identity.localIsClient ? identity.destination : identity.source;
}

export function noCounts(): EdgeCounts {
  return { connections: 0, failedConnections: 0, bytes: 0, packets: 0 };
}

/** Add `from` to `to`; bytes saturate at 2^53 - 1, as hostile totals may exceed it. */
export function addCounts(from: Readonly<EdgeCounts>, to: EdgeCounts): void {
  to.connections += from.connections;
  to.failedConnections += from.failedConnections;
  to.bytes = Math.min(to.bytes + from.bytes, Number.MAX_SAFE_INTEGER);
  to.packets += from.packets;
}

function moveCounts(from: EdgeCounts, to: EdgeCounts): void {
  addCounts(from, to);
  Object.assign(from, noCounts());
}

function childMap<K, C, V>(parent: Map<K, Map<C, V>>, key: K): Map<C, V> {
  let child = parent.get(key);
  if (child === undefined) {
    child = new Map();
    parent.set(key, child);
  }
  return child;
}
