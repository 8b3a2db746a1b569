/**
 * Captures and TCP without the protocols: assembly/pcap and assembly/net, compiled with a sink
 * (stream-sink.as) that writes down what a protocol would be given.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const REPLACED: Record<string, string> = {
  "assembly/core/stream.ts": "test/parsers/support/stream-sink.as",
  "assembly/net-entry.ts": "test/parsers/support/net-entry.as",
};
const OPTIONS =
  "--config none --runtime stub --use abort= --enable simd --enable bulk-memory -O2 --initialMemory 800 --maximumMemory 800";

interface NetExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  INPUT_PTR: WebAssembly.Global;
  INPUT_BYTES: WebAssembly.Global;
  ROWS_PTR: WebAssembly.Global;
  LOG_PTR: WebAssembly.Global;
  COUNTERS_PTR: WebAssembly.Global;
  reset(flows: boolean): void;
  captureFeed(length: number, isLast: number): number;
  captureFinish(): number;
  captureError(): number;
  captureErrorOffset(): bigint;
  clearOutput(): void;
  clearLog(): void;
  logUsed(): number;
  rowCount(): number;
  blocksInUse(): number;
}

/** What a protocol was given, in order; adjacent bytes of a side are one event. */
export interface Event {
  kind: "bytes" | "gap" | "finish" | "datagram";
  side: number;
  connection: number;
  size: number;
  /** Unix ns of the first of it. */
  timeNs: bigint;
  /** Latin-1; of a gap or an end none. */
  text: string;
}

/** A connection that ended: its ends as `address:port`, the client first, and what was counted. */
export interface Flow {
  client: string;
  server: string;
  bytes: [number, number];
  packets: [number, number];
}

export interface Captured {
  events: Event[];
  flows: Flow[];
  /** Number of a CAPTURE_* code, and where. */
  error: number;
  errorOffset: number;
  counter: (index: number) => number;
}

const KINDS = ["", "bytes", "gap", "finish", "datagram"] as const;
const ROW_SIZE = 192;
const ROW_FLOW_MARK = 69;

export class NetModule {
  readonly #exports: NetExports;
  readonly memory: Buffer;
  readonly #view: DataView;

  constructor(binary: BufferSource) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), {});
    this.#exports = instance.exports as NetExports;
    this.memory = Buffer.from(this.#exports.memory.buffer);
    this.#view = new DataView(this.#exports.memory.buffer);
  }

  get blocksInUse(): number {
    return this.#exports.blocksInUse();
  }

  /** Reads a file from its beginning to its end, `piece` bytes of it at a time. */
  capture(file: Uint8Array, options: { piece?: number; flows?: boolean } = {}): Captured {
    const { INPUT_PTR, INPUT_BYTES, ...exports } = this.#exports;
    const input = this.memory.subarray(INPUT_PTR.value, INPUT_PTR.value + INPUT_BYTES.value);
    const events: Event[] = [];
    const flows: Flow[] = [];
    exports.reset(options.flows ?? false);
    let position = 0;
    let held = 0;
    for (;;) {
      const size = Math.min(options.piece ?? input.length, input.length - held);
      const part = file.subarray(position, position + size);
      input.set(part, held);
      position += part.length;
      held += part.length;
      const isLast = position === file.length;
      const taken = exports.captureFeed(held, isLast ? 1 : 0);
      if (taken > held) throw new Error("more was taken than there is");
      if (input.subarray(0, taken).some((byte) => byte !== 0)) throw new Error("not wiped");
      input.copyWithin(0, taken, held);
      held -= taken;
      const wasFull = exports.rowCount() > 0;
      this.#drain(events, flows);
      if (isLast && held === 0) break;
      if (taken === 0 && part.length === 0 && !wasFull) throw new Error("stuck");
    }
    while (exports.captureFinish() === 0) this.#drain(events, flows);
    this.#drain(events, flows);
    input.fill(0);
    const counters = this.#exports.COUNTERS_PTR.value as number;
    return {
      events,
      flows,
      error: exports.captureError(),
      errorOffset: Number(exports.captureErrorOffset()),
      counter: (index) => Number(this.#view.getBigUint64(counters + index * 8, true)),
    };
  }

  #drain(events: Event[], flows: Flow[]): void {
    const log = this.#exports.LOG_PTR.value as number;
    const end = log + this.#exports.logUsed();
    for (let at = log; at < end; ) {
      const event = this.#event(at);
      at += 24 + ((event.text.length + 7) & ~7);
      const last = events.at(-1);
      const isNext = last?.side === event.side && last.connection === event.connection;
      if (event.kind === "bytes" && last?.kind === "bytes" && isNext) {
        last.text += event.text;
        last.size += event.size;
      } else events.push(event);
    }
    const rows = this.#exports.ROWS_PTR.value as number;
    for (let row = 0; row < this.#exports.rowCount(); row++) {
      const at = rows + row * ROW_SIZE;
      const hasTimes = this.#view.getBigUint64(at + 16, true) !== 0n;
      if (hasTimes && this.memory[at + ROW_FLOW_MARK] !== 0) flows.push(this.#flow(at));
    }
    this.#exports.clearOutput();
    this.#exports.clearLog();
  }

  #event(at: number): Event {
    const kind = KINDS[this.#view.getUint32(at, true)] as Event["kind"];
    const size = this.#view.getUint32(at + 12, true);
    const hasText = kind === "bytes" || kind === "datagram";
    return {
      kind,
      side: this.#view.getUint32(at + 4, true),
      connection: this.#view.getUint32(at + 8, true),
      size,
      timeNs: this.#view.getBigUint64(at + 16, true),
      text: hasText ? this.memory.subarray(at + 24, at + 24 + size).toString("latin1") : "",
    };
  }

  #flow(at: number): Flow {
    const end = (port: number, address: number) => {
      const bytes = this.memory.subarray(address, address + 16);
      const text =
        this.memory[at + 10] === 4 ? bytes.subarray(0, 4).join(".") : bytes.toString("hex");
      return `${text}:${this.#view.getUint16(port, true)}`;
    };
    const u64 = (offset: number) => Number(this.#view.getBigUint64(at + offset, true));
    const u32 = (offset: number) => this.#view.getUint32(at + offset, true);
    return {
      client: end(at + 64, at + 72),
      server: end(at + 66, at + 88),
      bytes: [u64(40), u64(48)],
      packets: [u32(56), u32(60)],
    };
  }
}

async function compile(): Promise<NetModule> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await main(
    ["assembly/net-entry.ts", ...OPTIONS.split(" "), "--outFile", "net.wasm"],
    {
      readFile: (name) => {
        const path = join(ROOT, REPLACED[name] ?? name);
        try {
          return readFileSync(path, "utf8");
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
          throw error;
        }
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`no module\n${stderr.toString()}`);
  return new NetModule(Uint8Array.from(binary));
}

let module: Promise<NetModule> | undefined;

/** Compiled once for each test file. */
export function netModule(): Promise<NetModule> {
  module ??= compile();
  return module;
}
