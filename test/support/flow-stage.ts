/** A flow stage for tests: a fixed observer, an enricher that names a process by its comm. */

import { FlowAggregator, type FlowAggregatorOptions } from "../../src/flow/aggregator.ts";
import type { Metric } from "../../src/model/metric.ts";
import type { Enricher } from "../../src/model/ports.ts";

/** Added to CLOCK_MONOTONIC by the tests' clock. */
export const UNIX_OFFSET_NS = 1_700_000_000_000_000_000n;

/** The workload is the comm; a process without one has no name. */
export const commEnricher: Enricher = {
  identify: ({ comm }) => ({
    processName: comm,
    containerId: "",
    containerRuntime: "",
    systemdUnit: "",
    podUid: "",
    workload: comm,
  }),
  metrics: () => [],
};

export function flowStage(options: Partial<FlowAggregatorOptions> = {}): FlowAggregator {
  return new FlowAggregator({
    tenantId: "acme",
    agentId: "agent-1",
    host: "web-1",
    enricher: commEnricher,
    clock: { monoToUnixNano: (monoNs) => monoNs + UNIX_OFFSET_NS },
    maxServiceEdges: 0,
    recentFlowsMax: 10,
    ...options,
  });
}

/** The value of one metric; throws when there is none of that name and reason. */
export function metricOf(metrics: readonly Metric[], name: string, reason?: string): number {
  const found = metrics.find(({ name: own, labels }) => own === name && labels?.reason === reason);
  if (found === undefined) {
    throw new Error(`no metric ${name} ${reason ?? ""}`);
  }
  return found.value;
}
