/**
 * What one sink did with every record (flow or edge) it was offered. At any time
 * offered = published + buffered + the sum of all drops.
 */

import { counter, gauge, type Metric } from "../model/metric.ts";
import type { FlowSink } from "../model/ports.ts";

/** Why records were given up. Closed: it becomes a metric label. */
export type DropReason =
  | "buffer_full"
  | "oversized"
  | "delivery_timeout"
  | "broker_refused"
  | "write_failed"
  | "closed"
  | "internal_error";

export class SinkLedger {
  readonly #labels: { sink: FlowSink["name"] };
  readonly #dropped = new Map<DropReason, number>();
  #offered = 0;
  #buffered = 0;
  #batches = 0;
  #records = 0;
  #bytes = 0;

  /** `reasons`: the drops this sink can have; they are reported from the start, as 0. */
  constructor(sink: FlowSink["name"], reasons: readonly DropReason[]) {
    this.#labels = { sink };
    for (const reason of reasons) this.#dropped.set(reason, 0);
  }

  /** Records that were offered and are neither published nor dropped yet. */
  get buffered(): number {
    return this.#buffered;
  }

  offer(records: number): void {
    this.#offered += records;
    this.#buffered += records;
  }

  publish(records: number, bytes: number): void {
    this.#buffered -= records;
    this.#records += records;
    this.#bytes += bytes;
  }

  /** Every record of a batch was published, except those counted as oversized. */
  completeBatch(): void {
    this.#batches += 1;
  }

  drop(reason: DropReason, records: number): void {
    this.#buffered -= records;
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + records);
  }

  metrics(): Metric[] {
    const labels = this.#labels;
    const dropHelp = "Flows and edges given up by the sink, by reason.";
    return [
      counter(
        "records_offered_total",
        "Flows and edges handed to the sink.",
        this.#offered,
        labels,
      ),
      counter("batches_published_total", "Batches the sink published.", this.#batches, labels),
      counter(
        "records_published_total",
        "Flows and edges the sink published.",
        this.#records,
        labels,
      ),
      counter("bytes_published_total", "Encoded bytes the sink published.", this.#bytes, labels),
      ...[...this.#dropped].map(([reason, records]) =>
        counter("publish_dropped_total", dropHelp, records, { ...labels, reason }),
      ),
      gauge(
        "publish_buffered_records",
        "Flows and edges that wait in the sink.",
        this.#buffered,
        labels,
      ),
    ];
  }
}
