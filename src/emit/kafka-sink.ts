/**
 * The Kafka bus: each batch as one message, or several when it would pass the broker's limit.
 *
 * At least once: a message is sent again until the broker acknowledged it, for
 * `deliveryTimeoutMs` at most, and a reader tells a repetition by its `batch-id`. The first
 * connection is made by the first batch, so that the agent starts while the broker is away.
 * Bounded: `maxBuffered` records wait, or one larger batch alone; newer batches are refused and
 * counted.
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowBatch } from "../model/flow.ts";
import type { Metric } from "../model/metric.ts";
import type { FlowSink } from "../model/ports.ts";
import { BATCH_SCHEMA, encodeBatches } from "./codec.ts";
import { settledWithin } from "./deadline.ts";
import { explainKafkaError } from "./kafka-fault.ts";
import { KafkaLink, type KafkaLinkOptions, type KafkaMessage } from "./kafka-link.ts";
import { type TlsOptions, transportSecurity } from "./kafka-security.ts";
import { SinkLedger } from "./ledger.ts";
import { type Delivery, DeliveryError, PublishQueue } from "./publish-queue.ts";
import type { SinkLog } from "./sink-log.ts";
import { flowTopic, messageKey } from "./topic.ts";

export interface KafkaSinkOptions {
  /** `host:port` each, at least one. */
  brokers: readonly string[];
  /** "" for the shared topic. */
  namespace: string;
  tenantId: string;
  agentId: string;
  tls: TlsOptions;
  sasl?: {
    mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    user: string;
    password: string;
  };
  allowPlaintext: boolean;
  /** Records (flows and edges) that may wait for the broker; a larger batch may wait alone. */
  maxBuffered: number;
  /** How long one batch is retried. */
  deliveryTimeoutMs?: number;
  /** How long close() waits for what is buffered. */
  closeTimeoutMs?: number;
}

/** Before compression. Brokers take 1 MiB by default, with the record's own overhead. */
const MESSAGE_BYTES_MAX = 900_000;
const DELIVERY_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 10_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;

export class KafkaSink implements FlowSink {
  readonly name = "kafka";
  readonly #linkOptions: KafkaLinkOptions;
  #link: KafkaLink | undefined;
  readonly #key: string;
  readonly #deliveryTimeoutMs: number;
  readonly #closeTimeoutMs: number;
  readonly #log: SinkLog;
  readonly #ledger = new SinkLedger("kafka", [
    "buffer_full",
    "oversized",
    "delivery_timeout",
    "broker_refused",
    "closed",
  ]);
  readonly #queue: PublishQueue;
  readonly #abort = new AbortController();
  #closing: Promise<void> | undefined;

  /** Connects to nothing yet. Throws CONFIG_INVALID when an option must not be used. */
  constructor(options: KafkaSinkOptions, log: SinkLog) {
    const { sasl } = options;
    this.#linkOptions = {
      brokers: options.brokers,
      clientId: "probectl-ebpf-agent",
      topic: flowTopic(options.namespace),
      tls: transportSecurity(options.tls, options.allowPlaintext),
      sasl: sasl && { mechanism: sasl.mechanism, username: sasl.user, password: sasl.password },
      log: (message) => log("debug", `kafkajs: ${message}`),
    };
    this.#key = messageKey(options.tenantId, options.agentId);
    this.#deliveryTimeoutMs = options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    this.#log = log;
    this.#queue = new PublishQueue(this.#ledger, options.maxBuffered);
  }

  /**
   * Resolves when the broker has acknowledged the whole batch. While the broker is away that takes
   * up to the delivery timeout, and longer behind other batches: do not wait for it before the next
   * flush. The batch must not change meanwhile. Rejects with PUBLISH_REFUSED (never sent) or
   * PUBLISH_FAILED (given up; the broker may have a part of it).
   */
  publish(batch: FlowBatch): Promise<void> {
    const deadline = Date.now() + this.#deliveryTimeoutMs;
    return this.#queue.run(batch, (delivery) => this.#deliver(batch, delivery, deadline));
  }

  metrics(): Metric[] {
    return this.#ledger.metrics();
  }

  /** What is buffered has `closeTimeoutMs` (10 s) to be delivered; the rest is dropped, counted. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.close();
    await settledWithin(this.#queue.idle(), this.#closeTimeoutMs);
    this.#abort.abort();
    await this.#disconnect();
    await this.#queue.idle();
  }

  async #deliver(batch: FlowBatch, delivery: Delivery, deadline: number): Promise<void> {
    const onOversized = (): void => {
      delivery.drop("oversized", 1);
      this.#log("warn", "one record is larger than a message may be and was left out");
    };
    for (const piece of encodeBatches(batch, MESSAGE_BYTES_MAX, onOversized)) {
      await this.#send(
        {
          key: this.#key,
          value: piece.bytes,
          headers: { schema: BATCH_SCHEMA, "batch-id": randomUUID() },
        },
        deadline,
      );
      delivery.publish(piece.records, piece.bytes.length);
    }
  }

  /** Resolves once acknowledged; rejects with a DeliveryError when there is no more trying. */
  async #send(message: KafkaMessage, deadline: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const error = await this.#attempt(message);
      if (error === undefined) {
        if (attempt > 0) this.#log("info", "the broker takes batches again");
        return;
      }
      await this.#waitToRetry(error, attempt, deadline);
    }
  }

  /** Resolves with what went wrong, undefined when the message was acknowledged. */
  async #attempt(message: KafkaMessage): Promise<unknown> {
    const { signal } = this.#abort;
    if (signal.aborted) return signal.reason;
    this.#link ??= new KafkaLink(this.#linkOptions);
    try {
      await this.#link.send(message, signal);
      return undefined;
    } catch (error) {
      await this.#disconnect();
      return error;
    }
  }

  async #disconnect(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.disconnect();
  }

  async #waitToRetry(error: unknown, attempt: number, deadline: number): Promise<void> {
    if (this.#abort.signal.aborted) {
      throw new DeliveryError("closed", "publish to Kafka given up: the agent stops", error);
    }
    const fault = explainKafkaError(error);
    if (!fault.transient) {
      throw new DeliveryError("broker_refused", `publish to Kafka failed: ${fault.line}`, error);
    }
    const waitMs = backoffMs(attempt);
    if (Date.now() + waitMs > deadline) {
      throw new DeliveryError(
        "delivery_timeout",
        `publish to Kafka failed for ${this.#deliveryTimeoutMs} ms: ${fault.line}; check that bus.brokers can be reached`,
        error,
      );
    }
    const level = attempt === 0 ? "warn" : "debug";
    this.#log(level, `publish to Kafka will be tried again: ${fault.line}`);
    // An abort ends the wait early; the next attempt then fails at once and says so.
    await settledWithin(sleep(waitMs, undefined, { signal: this.#abort.signal }), waitMs);
  }
}

/** Doubling from 250 ms to 10 s, with up to half of it taken off at random. */
function backoffMs(attempt: number): number {
  const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(whole * (1 - Math.random() / 2));
}
