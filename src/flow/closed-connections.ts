/**
 * Remembers which connections were closed of late, so that a record the CLOSE overtook on
 * another CPU is not taken for a new connection.
 *
 * Direct-mapped, 16,384 slots of 17 bytes: a later close in the same slot takes it over. That
 * is far more than the closes that fit between a record and the one that overtook it.
 */

import type { FlowRecordReader } from "./record-reader.ts";

const SLOTS = 16_384;
/** In the start of an empty slot: no record starts there. */
const EMPTY = -1;

export class ClosedConnections {
  readonly #ids = new BigUint64Array(SLOTS);
  readonly #startsMonoNs = new Float64Array(SLOTS).fill(EMPTY);
  readonly #counted = new Uint8Array(SLOTS);

  /** `counted`: the connection has been counted, an OPEN that still arrives must not be. */
  add(record: FlowRecordReader, counted: boolean): void {
    const slot = slotOf(record);
    this.#ids[slot] = record.connectionId;
    this.#startsMonoNs[slot] = record.startMonoNsApprox;
    this.#counted[slot] = counted ? 1 : 0;
  }

  has(record: FlowRecordReader): boolean {
    const slot = slotOf(record);
    return (
      this.#startsMonoNs[slot] === record.startMonoNsApprox &&
      this.#ids[slot] === record.connectionId
    );
  }

  /** True when the record's connection is here and has been counted. */
  hasCounted(record: FlowRecordReader): boolean {
    return this.#counted[slotOf(record)] === 1 && this.has(record);
  }
}

function slotOf(record: FlowRecordReader): number {
  const hash = record.connectionIdHash;
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}
