/**
 * The running agent: decides live or fixture, starts the pipeline and its listeners, flushes on
 * a timer, and stops on SIGTERM or SIGINT after a last flush.
 */

import { AgentError } from "../model/errors.ts";
import type { LiveView } from "../model/live-view.ts";
import { counter, type Metric } from "../model/metric.ts";
import { type AgentConfig, listenAddressText } from "./config.ts";
import { type Decision, decide } from "./decision.ts";
import { startHealthServer } from "./health.ts";
import type { Logger } from "./log.ts";
import { startPageServer } from "./page-server.ts";
import { createPipeline, PACKAGED_SAMPLE, type Pipeline } from "./pipeline.ts";
import { probeHost } from "./probe.ts";
import { sumOf, totalMetrics, totalsOf } from "./totals.ts";
import { agentVersion } from "./version.ts";

/** Resolves after a clean stop; rejects with AgentError when the agent cannot start. */
export async function runAgent(config: AgentConfig, log: Logger): Promise<void> {
  const stopped = stopSignal();
  const agent = new Agent(config, log);
  try {
    await agent.start();
    const timer = setInterval(() => agent.flush(), config.flushIntervalMs);
    log.info(`stopping: ${await stopped}`);
    clearInterval(timer);
  } finally {
    await agent.stop();
  }
}

/** Resolves with the name of the first of the signals that ask for a clean stop. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}

const VIEW_AGE_MS = 500;

/** What a dashboard always finds, also where there is nothing to observe. */
const NO_SOURCE_METRICS: readonly Metric[] = [
  counter("observed_total", "Flow records received.", 0),
];

class Agent {
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #version = agentVersion();
  readonly #startedUnixMs = Date.now();
  readonly #listeners: { close(): Promise<void> }[] = [];
  #pageMetrics: () => Metric[] = () => [];
  #decision: Decision = { mode: "unavailable", reason: "starting" };
  #pipeline: Pipeline | undefined;
  #cachedView: LiveView | undefined;

  constructor(config: AgentConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  async start(): Promise<void> {
    const { features: _features, problems: _problems, ...probe } = probeHost().report;
    this.#log.info(probe, "capability probe");
    this.#decision = decide(this.#config, probe.reason, PACKAGED_SAMPLE);
    try {
      await this.#startPipeline();
    } catch (error) {
      // The probe found nothing against it and the kernel refused: the same decided state.
      if (!(error instanceof AgentError) || !error.code.startsWith("CAPTURE_")) throw error;
      this.#log.error({ ...error.facts }, error.message);
      this.#decision = decide(this.#config, error.message, PACKAGED_SAMPLE);
      await this.#startPipeline();
    }
    await this.#listen();
  }

  flush(): void {
    this.#pipeline?.flush();
    // After the turn in which a sink that works at once has counted.
    setImmediate(() => this.#report());
  }

  async stop(): Promise<void> {
    this.#pipeline?.flush();
    await this.#pipeline?.stop();
    if (this.#pipeline !== undefined) this.#report();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  /** The line that carries all totals, once per flush. */
  #report(): void {
    const metrics = this.metrics();
    this.#log.info(
      {
        ...totalsOf(metrics),
        flows_total: sumOf(metrics, "flows_total"),
        connect_failed_total: sumOf(metrics, "connect_failed_total"),
        service_edges: sumOf(metrics, "service_edges"),
        records_published_total: sumOf(metrics, "records_published_total"),
      },
      "flush",
    );
  }

  metrics(): Metric[] {
    const metrics = this.#pipeline?.metrics() ?? NO_SOURCE_METRICS;
    return [...metrics, ...totalMetrics(metrics), ...this.#pageMetrics()];
  }

  async #startPipeline(): Promise<void> {
    const decision = this.#decision;
    if (decision.mode === "unavailable") {
      this.#log.error(`source: none, live capture is unavailable: ${decision.reason}`);
      return;
    }
    const pipeline = await createPipeline(this.#config, this.#log, {
      fixturePath: decision.mode === "fixture" ? decision.path : undefined,
      // Every load is audited, whatever the log level.
      onLoaded: (audit) =>
        this.#log.child({}, { level: "info" }).info({ audit }, "kernel programs loaded"),
    });
    try {
      await pipeline.start();
    } catch (error) {
      await pipeline.stop();
      throw error;
    }
    this.#pipeline = pipeline;
    this.#log.info(`source: ${decision.mode}, ${decision.reason}`);
  }

  async #listen(): Promise<void> {
    const { healthAddress, uiAddress, fixtureFallback } = this.#config;
    if (healthAddress !== null) {
      const subject = {
        version: this.#version,
        readiness: () => this.#readiness(),
        metrics: [() => this.metrics()],
      };
      const health = await startHealthServer(healthAddress, subject, this.#log);
      this.#listeners.push(health);
      this.#log.info(`health: http://${listenAddressText(health.address)}/metrics`);
    }
    if (uiAddress !== null) {
      const page = await startPageServer({
        address: uiAddress,
        view: () => this.#view(),
        log: this.#log,
        portFallback: fixtureFallback,
      });
      this.#listeners.push(page);
      this.#pageMetrics = () => page.metrics();
      // Not in the log: whoever holds the token may read the page.
      process.stderr.write(`\n  Live page: ${page.url}\n\n`);
    }
  }

  #readiness(): { ready: boolean; reason: string } {
    const ready = this.#pipeline?.ready() ?? false;
    return { ready, reason: ready ? "" : this.#decision.reason };
  }

  /** Made at most twice a second, however many pages look: it walks all edges. */
  #view(): LiveView {
    const now = Date.now();
    if (this.#cachedView === undefined || now - this.#cachedView.agent.nowUnixMs >= VIEW_AGE_MS) {
      this.#cachedView = this.#makeView(now);
    }
    return this.#cachedView;
  }

  #makeView(nowUnixMs: number): LiveView {
    const { tenantId, host } = this.#config;
    const { mode, reason } = this.#decision;
    const metrics = this.metrics();
    const view = this.#pipeline?.view() ?? { edges: [], flows: [] };
    return {
      agent: {
        tenantId,
        host,
        version: this.#version,
        mode,
        reason,
        startedUnixMs: this.#startedUnixMs,
        nowUnixMs,
      },
      totals: {
        observed: sumOf(metrics, "observed_total"),
        dropped: totalsOf(metrics).dropped_total,
        connectionsFailed: sumOf(metrics, "connect_failed_total"),
        edges: sumOf(metrics, "service_edges"),
        edgesEvicted: sumOf(metrics, "edges_evicted_total"),
        batchesPublished: sumOf(metrics, "batches_published_total"),
      },
      edges: view.edges,
      flows: view.flows,
    };
  }
}
