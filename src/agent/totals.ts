/** The totals the contract names, summed from what the stages count. */

import { counter, type Metric } from "../model/metric.ts";

/** Everything that was seen and did not reach the sink's acknowledgement, each in one counter. */
const DROPS = [
  "kernel_dropped_total",
  "flows_dropped_total",
  "edges_lost_total",
  "publish_dropped_total",
];
/** Of the records that made no flow, those that should have. */
const SKIPPED = "records_skipped_total";

/** What each flush line carries; the names are the contract's. */
export interface Totals {
  observed_total: number;
  l7_total: number;
  dropped_total: number;
  l7_attach_failures: number;
  /** Always 0: IPv6 is captured, nothing is filtered. Kept for dashboards of the older agent. */
  filtered_non_ipv4_total: number;
}

export function totalsOf(metrics: readonly Metric[]): Totals {
  return {
    observed_total: sumOf(metrics, "observed_total"),
    l7_total: 0,
    dropped_total:
      DROPS.reduce((sum, name) => sum + sumOf(metrics, name), 0) +
      sumOf(metrics, SKIPPED, "malformed") +
      sumOf(metrics, SKIPPED, "untracked"),
    l7_attach_failures: 0,
    filtered_non_ipv4_total: 0,
  };
}

/** Sum over the samples of a name, of one `reason` when given. */
export function sumOf(metrics: readonly Metric[], name: string, reason?: string): number {
  let sum = 0;
  for (const metric of metrics) {
    if (metric.name === name && (reason === undefined || metric.labels?.reason === reason)) {
      sum += metric.value;
    }
  }
  return sum;
}

const HELP: Readonly<Record<keyof Omit<Totals, "observed_total">, string>> = {
  l7_total: "L7 calls; this version captures none.",
  dropped_total: "Everything lost, over all named drop counters.",
  l7_attach_failures: "Failed attachments to TLS libraries; this version attaches to none.",
  filtered_non_ipv4_total: "Always 0: IPv6 is captured.",
};

/** As metrics, but for `observed_total`, which the flow stage has. */
export function totalMetrics(metrics: readonly Metric[]): Metric[] {
  const totals = totalsOf(metrics);
  return (Object.keys(HELP) as (keyof typeof HELP)[]).map((name) =>
    counter(name, HELP[name], totals[name]),
  );
}
