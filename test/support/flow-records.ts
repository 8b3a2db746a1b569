/**
 * Builds flow records for tests, field by field from the layout copy, so that a test can put
 * any value anywhere, hostile ones too.
 */

import {
  FLOW_RECORD_OFFSETS,
  FLOW_RECORD_SIZE,
  FlowRecordKind,
  FlowRole,
  IPPROTO_TCP,
} from "../../src/model/flow-record.ts";

type Field = keyof typeof FLOW_RECORD_OFFSETS;
type Value = number | bigint | string | readonly number[];

/** Any field of the record; text is for `comm`, byte lists for addresses. */
export type RecordFields = Partial<Record<Field, Value>>;

/** A client's TCP OPEN over IPv4, 10.0.0.1:40000 -> 10.0.0.2:443, owned by `curl`, pid 7. */
export const BASE_FIELDS: RecordFields = {
  observed_mono_ns: 1_000_000_000n,
  connection_id: 1n,
  start_mono_ns: 900_000_000n,
  pid: 7,
  uid: 1000,
  netns: 4_026_531_840,
  local_port: 40_000,
  remote_port: 443,
  local_address: [10, 0, 0, 1],
  remote_address: [10, 0, 0, 2],
  kind: FlowRecordKind.Open,
  family: 4,
  transport: IPPROTO_TCP,
  role: FlowRole.Client,
  comm: "curl",
};

/** One record of BASE_FIELDS with `fields` over them. */
export function flowRecord(fields: RecordFields = {}): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FLOW_RECORD_SIZE);
  for (const [name, value] of Object.entries({ ...BASE_FIELDS, ...fields })) {
    write(bytes, name as Field, value);
  }
  return bytes;
}

export function concat(records: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(records.reduce((size, record) => size + record.length, 0));
  let at = 0;
  for (const record of records) {
    all.set(record, at);
    at += record.length;
  }
  return all;
}

function write(bytes: Uint8Array<ArrayBuffer>, field: Field, value: Value): void {
  const at = FLOW_RECORD_OFFSETS[field];
  if (typeof value === "string") {
    bytes.set(new TextEncoder().encode(value).subarray(0, 16), at);
    return;
  }
  if (typeof value === "object") {
    bytes.set(value, at);
    return;
  }
  let rest = BigInt(value);
  for (let index = 0; index < sizeOf(field); index++) {
    bytes[at + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Up to the next field, as the record has no padding. */
function sizeOf(field: Field): number {
  const start = FLOW_RECORD_OFFSETS[field];
  const later = Object.values(FLOW_RECORD_OFFSETS).filter((offset) => offset > start);
  return Math.min(FLOW_RECORD_SIZE, ...later) - start;
}
