/**
 * The bus encoding: the model's FlowBatch as protobuf and as protobuf JSON.
 *
 * `flow.proto` beside this module is the schema; the wire follows protobuf.dev/programming-guides/
 * encoding, the JSON protobuf.dev/programming-guides/json. A message is the concatenation of its
 * fields, so a batch is cut between records without decoding anything, and every piece is a batch.
 */

import { readFileSync } from "node:fs";
import protobuf from "protobufjs";
import type { Flow, FlowBatch, ServiceEdge } from "../model/flow.ts";

/** Full name of the message that is the value on the bus. */
export const BATCH_SCHEMA = "probectl.ebpf.v1.FlowBatch";

const schema = protobuf
  .parse(readFileSync(new URL("flow.proto", import.meta.url), "utf8"))
  .root.resolveAll();
const flowType = schema.lookupType("probectl.ebpf.v1.Flow");
const edgeType = schema.lookupType("probectl.ebpf.v1.ServiceEdge");

/** Field number of FlowBatch and wire type LEN, as a tag. */
const FLOWS_TAG = (1 << 3) | 2;
const EDGES_TAG = (2 << 3) | 2;

const LONG_TYPES: ReadonlySet<string> = new Set(["int64", "uint64"]);

/** A piece of a batch: itself an encoded FlowBatch. */
export interface EncodedPiece {
  bytes: Uint8Array;
  /** Flows and edges in it. */
  records: number;
}

/** Flows and edges in a batch. */
export function countRecords(batch: FlowBatch): number {
  return batch.flows.length + batch.edges.length;
}

/** The whole batch as one message; an empty batch is 0 bytes. */
export function encodeBatch(batch: FlowBatch): Uint8Array {
  return concatenate([...encodeRecords(batch)]);
}

/**
 * The batch as pieces of at most `maxBytes` each, in order, without loss; an empty batch gives
 * none. A record that alone exceeds `maxBytes` is left out and reported to `onOversized`.
 * The batch must not change before the last piece was taken.
 */
export function* encodeBatches(
  batch: FlowBatch,
  maxBytes: number,
  onOversized: () => void,
): Generator<EncodedPiece> {
  let pending: Uint8Array[] = [];
  let size = 0;
  for (const record of encodeRecords(batch)) {
    if (record.length > maxBytes) {
      onOversized();
      continue;
    }
    if (size + record.length > maxBytes) {
      yield { bytes: concatenate(pending), records: pending.length };
      pending = [];
      size = 0;
    }
    pending.push(record);
    size += record.length;
  }
  if (pending.length > 0) yield { bytes: concatenate(pending), records: pending.length };
}

/**
 * The batch as one line of protobuf JSON, with its line end: proto field names, 64-bit numbers as
 * strings, default values omitted.
 */
export function toNdjson(batch: FlowBatch): string {
  const json: Record<string, unknown[]> = {};
  if (batch.flows.length > 0) json.flows = batch.flows.map((flow) => toJson(flowType, flow));
  if (batch.edges.length > 0) json.edges = batch.edges.map((edge) => toJson(edgeType, edge));
  return `${JSON.stringify(json)}\n`;
}

/** `message` behind its length as a varint: the usual delimited stream of protobuf messages. */
export function delimited(message: Uint8Array): Uint8Array {
  return concatenate([protobuf.Writer.create().uint32(message.length).finish(), message]);
}

/** Every record as a field of FlowBatch: tag, length, message. */
function* encodeRecords(batch: FlowBatch): Generator<Uint8Array> {
  for (const flow of batch.flows) yield encodeRecord(FLOWS_TAG, flowType, wireFlow(flow));
  for (const edge of batch.edges) yield encodeRecord(EDGES_TAG, edgeType, wireEdge(edge));
}

function encodeRecord(tag: number, type: protobuf.Type, record: object): Uint8Array {
  return type.encode(record, protobuf.Writer.create().uint32(tag).fork()).ldelim().finish();
}

function wireFlow(flow: Flow): object {
  return { ...flow, observedAtUnixNano: longBits(flow.observedAtUnixNano) };
}

function wireEdge(edge: ServiceEdge): object {
  return {
    ...edge,
    firstSeenUnixNano: longBits(edge.firstSeenUnixNano),
    lastSeenUnixNano: longBits(edge.lastSeenUnixNano),
  };
}

/** The encoder takes 64-bit values beyond 2^53 as two halves only. */
function longBits(value: bigint): { low: number; high: number } {
  return { low: Number(value & 0xffffffffn), high: Number((value >> 32n) & 0xffffffffn) };
}

function toJson(type: protobuf.Type, record: Flow | ServiceEdge): Record<string, unknown> {
  const values = new Map<string, unknown>(Object.entries(record));
  const json: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = values.get(field.name);
    if (value === undefined || value === "" || value === 0 || value === 0n) continue;
    json[field.protoName ?? field.name] = LONG_TYPES.has(field.type) ? String(value) : value;
  }
  return json;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
