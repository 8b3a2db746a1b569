/** What parsers.wasm exports (assembly/parsers.ts), and when it is taken for that. */

import { ABI_VERSION, ENDS_BYTES, ROW_BYTES } from "./abi.ts";
import {
  compileModule,
  type WasmConstant,
  type WasmContract,
  type WasmExports,
} from "./instance.ts";

/** Pointers and sizes in bytes, times in nanoseconds. What `u32` calls return: docs/abi.md. */
export interface ParserExports extends WasmExports {
  ABI_VERSION: WasmConstant;
  MEMORY_BYTES: WasmConstant;
  INPUT_PTR: WasmConstant;
  INPUT_BYTES: WasmConstant;
  ROWS_PTR: WasmConstant;
  ROW_BYTES: WasmConstant;
  ROW_LIMIT: WasmConstant;
  TEXT_PTR: WasmConstant;
  COUNTERS_PTR: WasmConstant;
  COUNTER_LIMIT: WasmConstant;
  ENDS_BYTES: WasmConstant;
  reset(): void;
  configure(redaction: number, resource: number, errorFrom: number, flows: number): void;
  setHint(port: number, protocol: number): number;
  feedChunk(ends: number, side: number, ptr: number, length: number, timeNs: bigint): number;
  gapChunk(ends: number, side: number, size: number, timeNs: bigint): number;
  finishChunk(ends: number, side: number, timeNs: bigint): number;
  endChunk(ends: number, timeNs: bigint): number;
  finishAll(): number;
  captureFeed(length: number, isLast: number): number;
  captureFinish(): number;
  captureError(): number;
  captureErrorOffset(): bigint;
  rowCount(): number;
  clearOutput(): void;
}

const CONSTANTS = [
  "ABI_VERSION",
  "MEMORY_BYTES",
  "INPUT_PTR",
  "INPUT_BYTES",
  "ROWS_PTR",
  "ROW_BYTES",
  "ROW_LIMIT",
  "TEXT_PTR",
  "COUNTERS_PTR",
  "COUNTER_LIMIT",
  "ENDS_BYTES",
] as const;
const CALLS = [
  "reset",
  "configure",
  "setHint",
  "feedChunk",
  "gapChunk",
  "finishChunk",
  "endChunk",
  "finishAll",
  "captureFeed",
  "captureFinish",
  "captureError",
  "captureErrorOffset",
  "rowCount",
  "clearOutput",
] as const;

const CONTRACT: WasmContract<ParserExports> = {
  file: "parsers.wasm",
  names: [...CONSTANTS, ...CALLS],
  mismatch(exports) {
    const copies = { ABI_VERSION, ROW_BYTES, ENDS_BYTES } as const;
    for (const [name, value] of Object.entries(copies)) {
      const own = exports[name as keyof typeof copies].value;
      if (own !== value) return `its ${name} is ${own}, this release has ${value}`;
    }
    return undefined;
  },
};

/**
 * @param wasm content of parsers.wasm; not kept
 * @returns makes an instance
 * @throws AgentError CAPTURE_FAILED, also the function, when it is not the module of this release
 */
export function compileParsers(wasm: Uint8Array): () => ParserExports {
  return compileModule(wasm, CONTRACT);
}
