/**
 * The bus that stays in the process: the last few batches, for tests and the live page. Nothing
 * leaves the host. Bounded by MEMORY_BATCHES_MAX and MEMORY_RECORDS_MAX; an older batch is
 * forgotten, not dropped.
 */

import type { FlowBatch } from "../model/flow.ts";
import type { Metric } from "../model/metric.ts";
import type { FlowSink } from "../model/ports.ts";
import { countRecords } from "./codec.ts";
import { SinkLedger } from "./ledger.ts";
import { PublishQueue } from "./publish-queue.ts";

/** Batches kept: at the default flush interval the last 160 seconds. */
export const MEMORY_BATCHES_MAX = 16;
/** Flows and edges kept over all of them, about 16 MiB; a batch beyond it alone is not kept. */
export const MEMORY_RECORDS_MAX = 32_768;

export class MemorySink implements FlowSink {
  readonly name = "memory";
  readonly #ledger = new SinkLedger("memory", ["closed"]);
  readonly #queue = new PublishQueue(this.#ledger, Number.POSITIVE_INFINITY);
  readonly #batches: FlowBatch[] = [];
  #records = 0;

  /** The kept batches, oldest first; at most MEMORY_BATCHES_MAX. The sink owns them. */
  batches(): readonly FlowBatch[] {
    return this.#batches;
  }

  publish(batch: FlowBatch): Promise<void> {
    return this.#queue.run(batch, async (delivery) => {
      const records = countRecords(batch);
      this.#keep(batch, records);
      delivery.publish(records, 0);
    });
  }

  #keep(batch: FlowBatch, records: number): void {
    this.#batches.push(batch);
    this.#records += records;
    while (this.#batches.length > MEMORY_BATCHES_MAX || this.#records > MEMORY_RECORDS_MAX) {
      const oldest = this.#batches.shift();
      if (oldest === undefined) return;
      this.#records -= countRecords(oldest);
    }
  }

  metrics(): Metric[] {
    return this.#ledger.metrics();
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#queue.idle();
  }
}
