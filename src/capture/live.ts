/**
 * The live source: flow records from the kernel, through the addon.
 *
 * Idle, the event loop sleeps in epoll on the ring. The programs wake it at most every 10 ms
 * (WAKE_INTERVAL_NS in bpf/lib/flow_emit.h), so after a wake-up a timer drains every TICK_MS
 * until a whole tick brought nothing; only then is the ring watched again. The tick is longer
 * than the interval: a record that woke nobody lies in the ring when the timer looks.
 */

import { AgentError } from "../model/errors.ts";
import { FLOW_RECORD_SIZE } from "../model/flow-record.ts";
import { counter, type Metric } from "../model/metric.ts";
import type { FlowRecordHandler, FlowSource } from "../model/ports.ts";
import {
  type LoadedProgram,
  loadAddon,
  type NativeError,
  type NativeFlowCapture,
} from "./addon.ts";

const TICK_MS = 50;
/** One crossing into the addon moves at most this many records. */
const DRAIN_RECORDS = 2048;
/** A datagram flow without traffic for this long is over. */
const DATAGRAM_IDLE_NS = 15e9;

/** Every load is audited: this is logged once per start. */
export interface LoadAudit {
  time: string;
  uid: number;
  objects: { name: string; sha256: string }[];
  programs: LoadedProgram[];
}

export interface LiveSourceOptions {
  /** A power of two and a multiple of the page size. */
  ringBufferBytes: number;
  /** Use the hooks of kernel 5.8 where newer ones exist too; for tests of those. Default false. */
  oldestHooks?: boolean;
  onLoaded(audit: LoadAudit): void;
}

export function createLiveSource(options: LiveSourceOptions): FlowSource {
  return new LiveSource(options);
}

class LiveSource implements FlowSource {
  readonly mode = "live";
  readonly #options: LiveSourceOptions;
  readonly #buffer = new Uint8Array(DRAIN_RECORDS * FLOW_RECORD_SIZE);
  #capture: NativeFlowCapture | undefined;
  #handler: FlowRecordHandler | undefined;
  #timer: NodeJS.Timeout | undefined;
  #collects = 0;
  #snapshotRecords = 0;
  #lastMetrics: Metric[] = [];

  constructor(options: LiveSourceOptions) {
    this.#options = options;
  }

  async start(handler: FlowRecordHandler): Promise<void> {
    const addon = loadAddon();
    this.#handler = handler;
    const objects = withNativeErrors(() => addon.verifyEmbeddedObjects());
    const { ringBufferBytes, oldestHooks = false } = this.#options;
    const capture = withNativeErrors(() => new addon.FlowCapture(ringBufferBytes, oldestHooks));
    this.#capture = capture;
    this.#options.onLoaded({
      time: new Date().toISOString(),
      uid: process.getuid?.() ?? 0,
      objects,
      programs: capture.programs,
    });
    capture.onReadable(() => this.#onReadable());
    withNativeErrors(() => capture.scan());
    capture.watch(true);
  }

  collect(): void {
    const capture = this.#capture;
    if (capture === undefined) return;
    this.#drain(capture);
    withNativeErrors(() => {
      // Once more soon after the start: what waited in a listener's queue is in hands by then.
      if (capture.wantsScan() || this.#collects++ < 2) {
        capture.scan();
        this.#drain(capture);
      }
      capture.beginSnapshot(DATAGRAM_IDLE_NS);
      for (let size = capture.readSnapshot(this.#buffer); size > 0; ) {
        this.#snapshotRecords += size / FLOW_RECORD_SIZE;
        this.#handler?.(this.#buffer.subarray(0, size));
        size = capture.readSnapshot(this.#buffer);
      }
    });
  }

  ready(): boolean {
    return this.#capture !== undefined;
  }

  metrics(): Metric[] {
    if (this.#capture !== undefined) {
      this.#lastMetrics = toMetrics(this.#capture.counters(), this.#snapshotRecords);
    }
    return this.#lastMetrics;
  }

  async stop(): Promise<void> {
    const capture = this.#capture;
    if (capture === undefined) return;
    clearTimeout(this.#timer);
    capture.watch(false);
    this.metrics();
    this.#capture = undefined;
    capture.close();
  }

  #onReadable(): void {
    const capture = this.#capture;
    if (capture === undefined) return;
    capture.watch(false);
    this.#drain(capture);
    this.#timer = setTimeout(() => this.#onTick(), TICK_MS);
  }

  #onTick(): void {
    const capture = this.#capture;
    if (capture === undefined) return;
    if (this.#drain(capture) === 0) capture.watch(true);
    else this.#timer = setTimeout(() => this.#onTick(), TICK_MS);
  }

  /** Returns the bytes handed over. At most one ring's worth, so that a flood cannot hold the loop. */
  #drain(capture: NativeFlowCapture): number {
    let total = 0;
    while (total < this.#options.ringBufferBytes) {
      const size = capture.drain(this.#buffer);
      if (size === 0) break;
      total += size;
      this.#handler?.(this.#buffer.subarray(0, size));
    }
    return total;
  }
}

const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  12: "ENOMEM",
  13: "EACCES",
  22: "EINVAL",
};

function withNativeErrors<T>(body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    const error = thrown as NativeError;
    if (typeof error.errno !== "number") throw thrown;
    const code = ERRNO_NAMES[error.errno] ?? `errno ${error.errno}`;
    const why = error.errno === 0 ? lastLine(error.detail) : code;
    throw new AgentError(
      "CAPTURE_FAILED",
      `${error.message}: ${why}; ${error.hint}`,
      { operation: error.operation, errno: error.errno, detail: error.detail },
      error,
    );
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

type Counted = "records" | "ringFull" | "mapFull" | "missed" | "ownerLost" | "peerUnknown";

const RING_PROGRAMS = ["flow_set_state", "flow_destroy", "flow_send", "flow_receive", "flow_scan"];
const DATAGRAM_PROGRAMS = ["flow_send", "flow_receive"];

/** One series for each program that can count the thing, so that no series is forever 0. */
function toMetrics(
  { programs, malformed }: ReturnType<NativeFlowCapture["counters"]>,
  snapshotRecords: number,
): Metric[] {
  const series = (
    name: string,
    help: string,
    counted: Counted,
    counting: readonly string[],
    labels: Readonly<Record<string, string>> = {},
  ): Metric[] =>
    programs
      .filter((row) => counting.includes(row.name.replace(/_old$/, "")))
      .map((row) => counter(name, help, row[counted], { program: row.name, ...labels }));
  const dropped = (reason: string, counted: Counted, counting: readonly string[]) =>
    series("kernel_dropped_total", DROPPED_HELP, counted, counting, { reason });
  return [
    ...series("ring_records_total", "Flow records put on the ring.", "records", RING_PROGRAMS),
    counter(
      "snapshot_records_total",
      "Flow records of open connections and UDP flows, read at flushes.",
      snapshotRecords,
    ),
    ...dropped("ring_full", "ringFull", RING_PROGRAMS),
    ...dropped("map_full", "mapFull", [...DATAGRAM_PROGRAMS, "flow_set_state", "flow_scan"]),
    ...dropped("recursion", "missed", RING_PROGRAMS),
    counter("kernel_dropped_total", DROPPED_HELP, malformed, {
      program: "ring_reader",
      reason: "malformed",
    }),
    ...series(
      "owner_unknown_total",
      "Connections reported without their process: too many waited for their owner.",
      "ownerLost",
      ["flow_set_state"],
    ),
    ...series(
      "datagram_peer_unknown_total",
      "UDP datagrams of unconnected sockets whose peer the kernel hook cannot tell.",
      "peerUnknown",
      DATAGRAM_PROGRAMS,
    ),
  ];
}

const DROPPED_HELP =
  "Records (ring_full, malformed), connections (map_full) or runs of a program (recursion) lost in the kernel.";
