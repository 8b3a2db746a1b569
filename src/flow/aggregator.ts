/**
 * The flow stage: flow records in, Flows and service edges out.
 *
 * Both ends on this host: each end yields Flows, but the client's alone feed the edge; the
 * server's name its destination.
 *
 * Bounds: see FlowAggregatorOptions. Ledger, every term of it a metric:
 *   observed = Σ records_skipped{reason} + connect_failed + flows
 *   flows = flows_drained + flows_pending + flows_dropped{pending_full}
 */

import type { Flow, FlowBatch } from "../model/flow.ts";
import { FlowFlag, FlowRecordKind } from "../model/flow-record.ts";
import { LIVE_EDGES_MAX, LIVE_FLOWS_MAX, type LiveView } from "../model/live-view.ts";
import type { Metric } from "../model/metric.ts";
import type { Enricher, ProcessIdentity } from "../model/ports.ts";
import { ConnectionTable } from "./connection-table.ts";
import { type Edge, EdgeMap } from "./edge-map.ts";
import { EndpointRegistry, portKey } from "./endpoint-registry.ts";
import { noEnds, readEnds } from "./ends.ts";
import { flowMetrics, noFlowCounts } from "./flow-metrics.ts";
import { NamedEdges } from "./named-edges.ts";
import { RecentFlows } from "./recent-flows.ts";
import { FlowRecordReader } from "./record-reader.ts";
import { type Observer, toFlow } from "./to-flow.ts";

const PENDING_FLOWS_MAX = 200_000;
/** More than the maps of the kernel side hold together (65,536 TCP, 16,384 UDP). */
const TRACKED_CONNECTIONS_MAX = 131_072;

export interface FlowAggregatorOptions extends Observer {
  enricher: Enricher;
  clock: { monoToUnixNano(monoNs: bigint): bigint };
  /** 0 is unbounded. */
  maxServiceEdges: number;
  /** Rows kept for the live page; at most LIVE_FLOWS_MAX are. */
  recentFlowsMax: number;
  /** Flows held between two drains; default 200,000. */
  maxPendingFlows?: number;
  /** Open connections whose totals are remembered; default 131,072. */
  maxTrackedConnections?: number;
}

/** The flow stage's share of the live view. */
export type FlowView = Pick<LiveView, "edges" | "flows">;

export class FlowAggregator {
  readonly #options: FlowAggregatorOptions;
  readonly #pendingMax: number;
  readonly #reader = new FlowRecordReader();
  readonly #connections: ConnectionTable;
  readonly #registry = new EndpointRegistry();
  readonly #edges: EdgeMap;
  readonly #recent: RecentFlows;
  /** Of the record in hand: one object for all of them. */
  readonly #ends = noEnds();
  readonly #counts = noFlowCounts();
  #pending: Flow[] = [];

  constructor(options: FlowAggregatorOptions) {
    this.#options = options;
    this.#pendingMax = options.maxPendingFlows ?? PENDING_FLOWS_MAX;
    this.#connections = new ConnectionTable(
      options.maxTrackedConnections ?? TRACKED_CONNECTIONS_MAX,
    );
    this.#edges = new EdgeMap(options.maxServiceEdges);
    this.#recent = new RecentFlows(Math.min(options.recentFlowsMax, LIVE_FLOWS_MAX));
  }

  /** Take records, back to back; borrowed for the call. Never throws for what is in them. */
  ingest(records: Uint8Array): void {
    this.#reader.reset(records);
    while (this.#reader.next()) {
      if (this.#reader.kind === FlowRecordKind.Failed) {
        this.#takeFailed();
      } else {
        this.#takeObserved();
      }
    }
  }

  /**
   * To be called each time a source's `collect()` has returned: every open connection has been
   * reported. Forgets the connections whose CLOSE was lost.
   */
  snapshotComplete(): void {
    this.#connections.snapshotComplete();
  }

  /** Flows waiting to be drained. */
  get pendingFlows(): number {
    return this.#pending.length;
  }

  /** Flows since the last call, and the edges touched since then with what was new on them. */
  drain(): FlowBatch {
    const flows = this.#pending;
    this.#pending = [];
    this.#counts.drained += flows.length;
    const edges = new NamedEdges(this.#registry);
    this.#edges.publish((edge) => edges.add(edge, edge.fresh));
    return { flows, edges: edges.toServiceEdges(this.#options.tenantId) };
  }

  /** What the live page shows; counts of an edge are cumulative while it is in the map. */
  view(): FlowView {
    const edges = new NamedEdges(this.#registry);
    for (const edge of this.#edges.newestFirst()) {
      edges.add(edge, edge.published, edge.fresh);
    }
    return {
      edges: edges.toLiveEdges(LIVE_EDGES_MAX),
      flows: this.#recent.toLiveFlows(),
    };
  }

  metrics(): Metric[] {
    return flowMetrics(
      this.#counts,
      this.#pending.length,
      this.#reader,
      this.#connections,
      this.#edges,
    );
  }

  #takeFailed(): void {
    this.#counts.connectFailed++;
    readEnds(this.#reader, this.#ends);
    const observedAtUnixNano = this.#unixNano();
    const edge = this.#touchEdge(this.#identify(), observedAtUnixNano);
    if (edge !== undefined) {
      edge.fresh.failedConnections++;
    }
  }

  #takeObserved(): void {
    const delta = this.#connections.observe(this.#reader);
    if (typeof delta === "string") {
      this.#counts.skipped[delta]++;
      return;
    }
    readEnds(this.#reader, this.#ends);
    const identity = this.#identify();
    const observedAtUnixNano = this.#unixNano();
    const flow = toFlow(
      this.#reader,
      delta,
      this.#ends,
      identity,
      this.#options,
      observedAtUnixNano,
    );
    this.#add(flow);
    const edge = this.#touchEdge(identity, observedAtUnixNano);
    if (edge !== undefined) {
      edge.fresh.connections += delta.connections;
      edge.fresh.bytes = Math.min(edge.fresh.bytes + flow.bytes, Number.MAX_SAFE_INTEGER);
      edge.fresh.packets += flow.packets;
    }
  }

  #add(flow: Flow): void {
    this.#counts.flows++;
    this.#recent.push(flow);
    if (this.#pending.length < this.#pendingMax) {
      this.#pending.push(flow);
    } else {
      this.#counts.droppedPendingFull++;
    }
  }

  #unixNano(): bigint {
    return this.#options.clock.monoToUnixNano(this.#reader.observedMonoNs);
  }

  #identify(): ProcessIdentity {
    const record = this.#reader;
    return this.#options.enricher.identify({
      pid: record.pid,
      startBootNs: record.processStartBootNs,
      comm: record.comm,
      cgroupId: record.cgroupId,
      cgroupV1: (record.flags & FlowFlag.CgroupV1) !== 0,
    });
  }

  /** The edge that the record feeds; undefined when the client's records on this host feed it. */
  #touchEdge(identity: ProcessIdentity, seenUnixNano: bigint): Edge | undefined {
    const { localAddress, remoteAddress, localPort, remotePort, transport } = this.#ends;
    const netns = this.#reader.netns;
    const workload = identity.workload;
    const localName = workload === "" ? localAddress : workload;
    // Whoever makes a network namespace gives it any address, another host's too: nothing is
    // learned there about this host's own.
    const isForeign = (this.#reader.flags & FlowFlag.ForeignNetns) !== 0;
    if (!isForeign) this.#registry.learnLocal(localAddress);
    if (this.#ends.localIsClient) {
      return this.#edges.touch(
        {
          localIsClient: true,
          source: localName,
          destination: remoteAddress,
          destinationIsAddress: true,
          destinationKey: portKey(remoteAddress, netns, remotePort, transport),
          destinationPort: remotePort,
          transport,
        },
        seenUnixNano,
      );
    }
    const destinationKey = portKey(localAddress, netns, localPort, transport);
    if (!isForeign) this.#registry.learnServer(localAddress, destinationKey, workload);
    if (this.#registry.isLocal(remoteAddress)) {
      this.#counts.sameHost++;
      return undefined;
    }
    return this.#edges.touch(
      {
        localIsClient: false,
        source: remoteAddress,
        destination: localName,
        destinationIsAddress: workload === "",
        destinationKey,
        destinationPort: localPort,
        transport,
      },
      seenUnixNano,
    );
  }
}
