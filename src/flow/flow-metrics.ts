/** The counters of the flow stage as metrics; `aggregator.ts` states the ledger they form. */

import { counter, gauge, type Metric } from "../model/metric.ts";
import type { ConnectionTable, SkipReason } from "./connection-table.ts";
import type { EdgeMap } from "./edge-map.ts";
import type { FlowRecordReader } from "./record-reader.ts";

/** What the aggregator itself counts. */
export interface FlowCounts {
  skipped: Record<SkipReason, number>;
  connectFailed: number;
  flows: number;
  drained: number;
  droppedPendingFull: number;
  sameHost: number;
}

export function noFlowCounts(): FlowCounts {
  return {
    skipped: { stale: 0, unchanged: 0, untracked: 0 },
    connectFailed: 0,
    flows: 0,
    drained: 0,
    droppedPendingFull: 0,
    sameHost: 0,
  };
}

export function flowMetrics(
  counts: Readonly<FlowCounts>,
  pending: number,
  reader: FlowRecordReader,
  connections: ConnectionTable,
  edges: EdgeMap,
): Metric[] {
  return [
    counter("observed_total", "Flow records received.", reader.received),
    skipped("malformed", reader.malformed),
    skipped("stale", counts.skipped.stale),
    skipped("unchanged", counts.skipped.unchanged),
    skipped("untracked", counts.skipped.untracked),
    counter("connect_failed_total", "Connects that never succeeded.", counts.connectFailed),
    counter("flows_total", "Flows made of records.", counts.flows),
    counter("flows_drained_total", "Flows handed over in batches.", counts.drained),
    counter("flows_dropped_total", "Flows lost, by reason.", counts.droppedPendingFull, {
      reason: "pending_full",
    }),
    gauge("flows_pending", "Flows waiting for the next flush.", pending),
    gauge("connections_tracked", "Open connections with remembered totals.", connections.size),
    counter("connections_lost_total", "Connections whose close was lost.", connections.lost),
    gauge("service_edges", "Service edges in the map.", edges.size),
    counter("edges_evicted_total", "Service edges evicted, least recent first.", edges.evicted),
    counter(
      "edges_lost_total",
      "Evicted service edges whose counts found no room to wait for the flush.",
      edges.unpublishedLost,
    ),
    counter(
      "same_host_records_total",
      "Server-side records left out of edges, as the client side is on this host too.",
      counts.sameHost,
    ),
  ];
}

function skipped(reason: "malformed" | SkipReason, value: number): Metric {
  const help = "Flow records that made no flow, by reason.";
  return counter("records_skipped_total", help, value, { reason });
}
