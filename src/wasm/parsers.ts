/**
 * The parsers: bytes of connections go in, calls and flows come out, and what must not survive is
 * zeroed. Runs in Node and in a browser as it is.
 *
 * One crossing handles a chunk or some hundred kilobytes of a capture. Memory is fixed: see
 * docs/abi.md. Not reentrant: a generator is to be exhausted before anything else is called.
 */

import { type CaptureReader, createCaptureReader } from "./capture-reader.ts";
import {
  callUntilDone,
  configure,
  type Ends,
  feedChunk,
  type ParserOptions,
  type Side,
  sideNumber,
  startInstance,
  takeRows,
} from "./parser-instance.ts";
import { compileParsers } from "./parser-module.ts";
import type { ParserRecord } from "./records.ts";
import { createSupervisor, type ParserCounters, ParsersTrapped } from "./supervisor.ts";

export type { CounterName, Note, Protocol, RedactionMode, ResourceMode } from "./abi.ts";
export type { CaptureFault, CaptureReader } from "./capture-reader.ts";
export type { End, Ends, HintedProtocol, ParserOptions, Side } from "./parser-instance.ts";
export type { CallRecord, Endpoint, FlowRecord, ParserRecord } from "./records.ts";
export { type ParserCounters, ParsersTrapped } from "./supervisor.ts";

/** The most that a gap can be known to miss. */
const GAP_MAX = 0xffff_ffff;

export interface Parsers {
  /** Forget everything, and work with these options from now on. */
  reset(options?: ParserOptions): void;
  /**
   * The next bytes from a side of a connection; for UDP one datagram. They are redacted in place.
   *
   * @returns what was completed by them
   * @throws ParsersTrapped; `bytes` are zeroed then
   */
  chunk(ends: Ends, side: Side, bytes: Uint8Array, timeNs: bigint): ParserRecord[];
  /** `size` bytes from the side are missing; 0 when nobody knows how many. */
  gap(ends: Ends, side: Side, size: number, timeNs: bigint): ParserRecord[];
  /** Nothing more comes from the side. */
  finish(ends: Ends, side: Side, timeNs: bigint): ParserRecord[];
  /** The connection is over: what was pending is given up. */
  end(ends: Ends, timeNs: bigint): ParserRecord[];
  /** All connections are over. In batches. */
  endAll(): Generator<ParserRecord[], void>;
  /** Read a capture file; resets first. One at a time. */
  capture(options?: ParserOptions): CaptureReader;
  counters(): ParserCounters;
  /** The whole memory of the instance, for audits: what is not in it, the module does not know. */
  memory(): Uint8Array;
}

/**
 * @param wasm content of parsers.wasm; not kept
 * @param nowMs a monotonic clock
 * @throws AgentError CAPTURE_FAILED when it is not the module of this release or answers wrongly
 */
export function createParsers(
  wasm: Uint8Array,
  initial: ParserOptions = {},
  nowMs: () => number = () => performance.now(),
): Parsers {
  const instantiate = compileParsers(wasm);
  let options = initial;
  const supervisor = createSupervisor(() => startInstance(instantiate(), options), nowMs);
  const { use } = supervisor;

  function reset(next: ParserOptions): void {
    options = next;
    use(({ exports }) => {
      exports.reset();
      configure(exports, options);
    });
    supervisor.forget();
  }

  return {
    reset: (next = options) => reset(next),
    chunk(ends, side, bytes, timeNs) {
      try {
        return use((at) => feedChunk(at, ends, side, bytes, timeNs));
      } catch (error) {
        if (error instanceof ParsersTrapped) bytes.fill(0);
        throw error;
      }
    },
    gap: (ends, side, size, timeNs) =>
      use((at) =>
        callUntilDone(at, ends, (exports, ptr) =>
          exports.gapChunk(ptr, sideNumber(side), Math.min(size, GAP_MAX), timeNs),
        ),
      ),
    finish: (ends, side, timeNs) =>
      use((at) =>
        callUntilDone(at, ends, (exports, ptr) =>
          exports.finishChunk(ptr, sideNumber(side), timeNs),
        ),
      ),
    end: (ends, timeNs) =>
      use((at) => callUntilDone(at, ends, (exports, ptr) => exports.endChunk(ptr, timeNs))),
    *endAll() {
      for (let isDone = false; !isDone; ) {
        const records: ParserRecord[] = [];
        isDone = use((at) => {
          const result = at.exports.finishAll() !== 0;
          takeRows(at, records);
          return result;
        });
        if (records.length > 0) yield records;
      }
    },
    capture(next = options) {
      reset(next);
      return createCaptureReader((call) =>
        use((at) => {
          const records: ParserRecord[] = [];
          const result = call(at.exports, at.input);
          takeRows(at, records);
          return { result, records };
        }),
      );
    },
    counters: () => supervisor.counters(),
    memory: () => use(({ exports }) => new Uint8Array(exports.memory.buffer)),
  };
}
