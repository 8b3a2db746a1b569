/**
 * All the wiring, on one screen: source -> aggregator (with the enricher) -> sink. Everything is
 * built before anything runs; a part that fails later is counted and never stops the others.
 */

import { fileURLToPath } from "node:url";
import { createFixtureSource } from "../capture/fixture.ts";
import { createLiveSource, type LoadAudit } from "../capture/live.ts";
import { createSink } from "../emit/index.ts";
import { createEnricher } from "../enrich/enricher.ts";
import { FlowAggregator } from "../flow/aggregator.ts";
import { reasonOf } from "../model/errors.ts";
import { LIVE_FLOWS_MAX } from "../model/live-view.ts";
import { counter, type Metric } from "../model/metric.ts";
import type { FlowSink, FlowSource } from "../model/ports.ts";
import { WallClock } from "./clock.ts";
import type { AgentConfig } from "./config.ts";
import type { Logger } from "./log.ts";

/** The recording that comes with the package. */
export const PACKAGED_SAMPLE = fileURLToPath(new URL("../../fixtures/flows.json", import.meta.url));

export interface PipelineSource {
  /** Recorded flows to replay; undefined watches the kernel. */
  fixturePath: string | undefined;
  /** Called once the kernel programs are loaded. */
  onLoaded(audit: LoadAudit): void;
}

/** Rejects with CONFIG_INVALID when the sink cannot be used. Nothing runs yet. */
export async function createPipeline(
  config: AgentConfig,
  log: Logger,
  { fixturePath, onLoaded }: PipelineSource,
): Promise<Pipeline> {
  const source =
    fixturePath === undefined
      ? createLiveSource({ ringBufferBytes: config.ringBufferBytes, onLoaded })
      : createFixtureSource({ path: fixturePath });
  const clock = new WallClock();
  const enricher = createEnricher({ procRoot: config.procRoot });
  const aggregator = new FlowAggregator({
    tenantId: config.tenantId,
    agentId: config.host,
    host: config.host,
    enricher,
    clock,
    maxServiceEdges: config.serviceEdgesMax,
    recentFlowsMax: LIVE_FLOWS_MAX,
  });
  const identity = { tenantId: config.tenantId, agentId: config.host };
  const sink = await createSink({ ...config.bus, ...identity }, (level, message) =>
    log[level](message),
  );
  return new Pipeline({
    source,
    aggregator,
    sink,
    clock,
    log,
    metrics: [() => enricher.metrics()],
  });
}

/** A busy host publishes before the flush is due, in batches well below `bus.max_buffered`. */
const EARLY_FLOWS = 16_384;

interface Parts {
  source: FlowSource;
  aggregator: FlowAggregator;
  sink: FlowSink;
  clock: WallClock;
  log: Logger;
  metrics: (() => Metric[])[];
}

export class Pipeline {
  readonly #parts: Parts;
  readonly #publishing = new Set<Promise<void>>();
  #collectFailures = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  ready(): boolean {
    return this.#parts.source.ready();
  }

  async start(): Promise<void> {
    const { source, aggregator } = this.#parts;
    await source.start((records) => {
      aggregator.ingest(records);
      if (aggregator.pendingFlows >= EARLY_FLOWS) this.#publish();
    });
    // What connections older than the agent have moved so far is where their counts begin.
    this.#collect();
  }

  /** Takes what is new and hands it to the sink, which works on its own time. */
  flush(): void {
    this.#parts.clock.sync();
    this.#collect();
    this.#publish();
  }

  #publish(): void {
    const { aggregator, sink, log } = this.#parts;
    const published = sink
      .publish(aggregator.drain())
      .catch((error: unknown) => log.error(`flush: ${reasonOf(error)}`))
      .finally(() => this.#publishing.delete(published));
    this.#publishing.add(published);
  }

  /** Detaches, then waits for the sink, which bounds its own farewell. Flush before. */
  async stop(): Promise<void> {
    await this.#parts.source.stop();
    await this.#parts.sink.close();
    await Promise.all(this.#publishing);
  }

  #collect(): void {
    const { source, aggregator, log } = this.#parts;
    try {
      source.collect();
      aggregator.snapshotComplete();
    } catch (error) {
      // What the ring delivered so far still goes out; the next flush collects again.
      this.#collectFailures++;
      log.error({ err: error }, "the open connections could not be read");
    }
  }

  view(): ReturnType<FlowAggregator["view"]> {
    return this.#parts.aggregator.view();
  }

  metrics(): Metric[] {
    const { source, aggregator, sink, metrics } = this.#parts;
    return [
      ...source.metrics(),
      ...aggregator.metrics(),
      ...metrics.flatMap((provider) => provider()),
      ...sink.metrics(),
      counter(
        "collect_failed_total",
        "Flushes that could not read the open connections.",
        this.#collectFailures,
      ),
    ];
  }
}
