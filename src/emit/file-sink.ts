/**
 * The bus as a file: batches appended to `path`, or written to standard output for `-`.
 *
 * `ndjson` is one FlowBatch a line; `protobuf` is each FlowBatch behind its length as a varint.
 * Rotation and the rules for the file itself are in `rotating-file.ts`.
 */

import type { Writable } from "node:stream";
import { AgentError, reasonOf } from "../model/errors.ts";
import type { FlowBatch } from "../model/flow.ts";
import type { Metric } from "../model/metric.ts";
import type { FlowSink } from "../model/ports.ts";
import { countRecords, delimited, encodeBatch, toNdjson } from "./codec.ts";
import { settledWithin } from "./deadline.ts";
import { SinkLedger } from "./ledger.ts";
import { DeliveryError, PublishQueue } from "./publish-queue.ts";
import { RotatingFile } from "./rotating-file.ts";

export interface FileSinkOptions {
  /** A path, or `-` for standard output. */
  path: string;
  format: "ndjson" | "protobuf";
  /** Size at which the file is rotated; not for standard output. */
  maxBytes: number;
  /** Records that may wait for a slow disk or reader; a larger batch may wait alone. */
  maxBuffered: number;
}

/** Where the bytes go. Both calls reject with the error of the system. */
interface Target {
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 10_000;

export class FileSink implements FlowSink {
  readonly name = "file";
  readonly #options: FileSinkOptions;
  readonly #target: Target;
  readonly #ledger = new SinkLedger("file", ["buffer_full", "write_failed", "closed"]);
  readonly #queue: PublishQueue;
  #closing: Promise<void> | undefined;

  /** Opens the file. Rejects with CONFIG_INVALID when it cannot be a target. */
  static async open(
    options: FileSinkOptions,
    stdout: Writable = process.stdout,
  ): Promise<FileSink> {
    if (options.path === "-") return new FileSink(options, new StreamTarget(stdout));
    try {
      return new FileSink(options, await RotatingFile.open(options.path, options.maxBytes));
    } catch (error) {
      throw new AgentError(
        "CONFIG_INVALID",
        `bus.path ${options.path} cannot be written: ${reasonOf(error)}; name a regular file in a directory of the agent's user, or "-"`,
        {},
        error,
      );
    }
  }

  private constructor(options: FileSinkOptions, target: Target) {
    this.#options = options;
    this.#target = target;
    this.#queue = new PublishQueue(this.#ledger, options.maxBuffered);
  }

  /** Resolves when the system took the bytes; rejects with PUBLISH_FAILED or PUBLISH_REFUSED. */
  publish(batch: FlowBatch): Promise<void> {
    return this.#queue.run(batch, async (delivery) => {
      const bytes =
        this.#options.format === "ndjson"
          ? Buffer.from(toNdjson(batch))
          : delimited(encodeBatch(batch));
      try {
        await this.#target.append(bytes);
      } catch (error) {
        throw new DeliveryError(
          "write_failed",
          `write to bus.path ${this.#options.path} failed: ${reasonOf(error)}; free space there or set another bus.path`,
          error,
        );
      }
      delivery.publish(countRecords(batch), bytes.length);
    });
  }

  metrics(): Metric[] {
    return this.#ledger.metrics();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.close();
    await settledWithin(this.#queue.idle(), CLOSE_TIMEOUT_MS);
    await this.#target.close();
  }
}

/** A stream of the process: it is written to, and stays open for whoever owns it. */
class StreamTarget implements Target {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    // append() rejects with the same error; without a listener it would end the process.
    stream.on("error", () => undefined);
  }

  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
