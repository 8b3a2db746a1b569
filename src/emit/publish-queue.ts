/**
 * Runs the deliveries of one sink one after another and bounds how many records wait.
 *
 * One at a time keeps the batches in order, and keeps a broker from taking the batch behind a
 * failed one for its repetition (they would carry the same sequence number).
 */

import { AgentError } from "../model/errors.ts";
import type { FlowBatch } from "../model/flow.ts";
import { countRecords } from "./codec.ts";
import type { DropReason, SinkLedger } from "./ledger.ts";

/** A delivery failed; what is left of its batch is counted under `reason`. */
export class DeliveryError extends AgentError {
  readonly reason: DropReason;

  constructor(reason: DropReason, message: string, cause?: unknown) {
    super("PUBLISH_FAILED", message, { reason }, cause);
    this.reason = reason;
  }
}

/** How far the delivery of one batch has come. */
export class Delivery {
  readonly #ledger: SinkLedger;
  #remaining: number;

  constructor(ledger: SinkLedger, records: number) {
    this.#ledger = ledger;
    this.#remaining = records;
  }

  publish(records: number, bytes: number): void {
    this.#remaining -= records;
    this.#ledger.publish(records, bytes);
  }

  drop(reason: DropReason, records: number): void {
    this.#remaining -= records;
    this.#ledger.drop(reason, records);
  }

  dropRest(reason: DropReason): void {
    this.drop(reason, this.#remaining);
  }
}

export class PublishQueue {
  readonly #ledger: SinkLedger;
  readonly #maxBuffered: number;
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ledger: SinkLedger, maxBuffered: number) {
    this.#ledger = ledger;
    this.#maxBuffered = maxBuffered;
  }

  /**
   * Run `deliver` when its turn comes and settle as it does. `deliver` tells its Delivery what it
   * published, and rejects with a DeliveryError when it gives up on the rest. An empty batch
   * resolves at once. Rejects with PUBLISH_REFUSED, before anything is sent, when the queue is
   * closed, or when records wait already and with these would be more than the bound. A batch that
   * nothing waits before is taken whatever its size, which the bounds of the aggregator limit:
   * refused for its size, it would be refused for ever.
   */
  async run(batch: FlowBatch, deliver: (delivery: Delivery) => Promise<void>): Promise<void> {
    const records = countRecords(batch);
    if (records === 0) return;
    this.#admit(records);
    const settled = this.#tail.then(() =>
      this.#settle(new Delivery(this.#ledger, records), deliver),
    );
    // The caller of a failed delivery is told; the next one has its turn all the same.
    this.#tail = settled.catch(() => undefined);
    await settled;
  }

  /** Refuse what comes from now on. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when everything admitted so far has settled. */
  idle(): Promise<void> {
    return this.#tail;
  }

  #admit(records: number): void {
    const { buffered } = this.#ledger;
    const fits = buffered === 0 || buffered + records <= this.#maxBuffered;
    this.#ledger.offer(records);
    if (this.#closed) {
      this.#ledger.drop("closed", records);
      throw new AgentError("PUBLISH_REFUSED", "batch refused: the sink is closed");
    }
    if (!fits) {
      this.#ledger.drop("buffer_full", records);
      throw new AgentError(
        "PUBLISH_REFUSED",
        `batch of ${records} records refused: more than ${this.#maxBuffered} would wait; bring the bus back or raise bus.max_buffered`,
        { records, buffered: this.#ledger.buffered },
      );
    }
  }

  async #settle(delivery: Delivery, deliver: (delivery: Delivery) => Promise<void>): Promise<void> {
    try {
      await deliver(delivery);
      this.#ledger.completeBatch();
    } catch (error) {
      delivery.dropRest(error instanceof DeliveryError ? error.reason : "internal_error");
      throw error;
    }
  }
}
