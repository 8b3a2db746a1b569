/** The bus that ends in the process: batches are counted and forgotten, nothing leaves the host. */

import type { FlowBatch } from "../model/flow.ts";
import type { Metric } from "../model/metric.ts";
import type { FlowSink } from "../model/ports.ts";
import { countRecords } from "./codec.ts";
import { SinkLedger } from "./ledger.ts";
import { PublishQueue } from "./publish-queue.ts";

export class MemorySink implements FlowSink {
  readonly name = "memory";
  readonly #ledger = new SinkLedger("memory", ["closed"]);
  readonly #queue = new PublishQueue(this.#ledger, Number.POSITIVE_INFINITY);

  publish(batch: FlowBatch): Promise<void> {
    return this.#queue.run(batch, async (delivery) => delivery.publish(countRecords(batch), 0));
  }

  metrics(): Metric[] {
    return this.#ledger.metrics();
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#queue.idle();
  }
}
