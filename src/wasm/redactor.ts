/**
 * The redaction module (assembly/), instantiated. Environment-neutral: the caller brings the
 * bytes of redact.wasm, so that the browser uses this file as it is.
 *
 * The memory of an instance is fixed. Staging is the one copy of a payload: the caller writes a
 * chunk there, `redact` zeroes in place what must not survive.
 */

import {
  compileModule,
  type WasmConstant,
  type WasmContract,
  type WasmExports,
} from "./instance.ts";

/** What became of a stream; the copy of STATUS_* in assembly/abi.ts. */
export const RedactStatus = {
  /** Not known to be HTTP/1 yet; nothing of it survived so far. */
  Detecting: 0,
  /** In the head of the message. */
  Head: 1,
  /** The head is over; everything after it dies until `reset`. */
  Body: 2,
  /** Broke the grammar; everything from the offending byte on dies until `reset`. */
  Malformed: 3,
  /** Does not begin as HTTP/1; all of it dies until `reset`. */
  NotHttp1: 4,
} as const;
export type RedactStatus = (typeof RedactStatus)[keyof typeof RedactStatus];

export interface Redactor {
  /** Streams are numbered 0 to `slotCount - 1`; a stream is one direction of a connection. */
  readonly slotCount: number;
  /** View of the module's memory, the same for its whole life. */
  readonly staging: Uint8Array;
  /**
   * Redact `staging[offset, offset + length)` in place as the next bytes of the stream `slot`.
   *
   * @throws RangeError when there is no such slot or range (a bug of the caller)
   */
  redact(slot: number, offset: number, length: number): RedactStatus;
  /** Make the slot fresh for a new stream. @throws RangeError when there is no such slot */
  reset(slot: number): void;
}

/** Exports of assembly/index.ts; constants arrive as globals. */
interface RedactExports extends WasmExports {
  STAGING_PTR: WasmConstant;
  STAGING_SIZE: WasmConstant;
  SLOT_COUNT: WasmConstant;
  redact(slot: number, pointer: number, length: number): number;
  reset(slot: number): number;
}

const CONTRACT: WasmContract<RedactExports> = {
  file: "redact.wasm",
  names: ["STAGING_PTR", "STAGING_SIZE", "SLOT_COUNT", "redact", "reset"],
};

const STATUS_MAX = RedactStatus.NotHttp1;

/**
 * @param wasm content of redact.wasm; not kept
 * @throws AgentError CAPTURE_FAILED when it is not the module of this release or answers wrongly
 */
export function createRedactor(wasm: Uint8Array): Redactor {
  const { memory, STAGING_PTR, STAGING_SIZE, SLOT_COUNT, ...calls } = compileModule(
    wasm,
    CONTRACT,
  )();
  const pointer = STAGING_PTR.value;
  const slotCount = SLOT_COUNT.value;
  const staging = new Uint8Array(memory.buffer, pointer, STAGING_SIZE.value);
  return {
    slotCount,
    staging,
    redact(slot, offset, length) {
      if (!isIndex(slot, slotCount)) throw new RangeError(`no redaction slot ${slot}`);
      if (!isIndex(offset, staging.length + 1) || !isIndex(length, staging.length - offset + 1)) {
        throw new RangeError(`no range of ${length} bytes at ${offset} in staging`);
      }
      const status = calls.redact(slot, pointer + offset, length);
      if (!isStatus(status)) throw new RangeError(`redact refused slot ${slot}: ${status}`);
      return status;
    },
    reset(slot) {
      if (!isIndex(slot, slotCount)) throw new RangeError(`no redaction slot ${slot}`);
      calls.reset(slot);
    },
  };
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function isStatus(value: number): value is RedactStatus {
  return value >= 0 && value <= STATUS_MAX;
}
