/**
 * One instance of the parser module: options, chunks and rows put into its terms. What it throws,
 * beside a RangeError for arguments that name nothing (a bug of the caller), is a trap.
 */

import {
  BAD_CALL,
  COUNTERS,
  type CounterName,
  ENDS,
  ENDS_BYTES,
  MODES,
  PROTOCOLS,
  type Protocol,
  RESOURCE_MODES,
  type RedactionMode,
  type ResourceMode,
} from "./abi.ts";
import type { ParserExports } from "./parser-module.ts";
import { createRowReader, type ParserRecord, type RowReader } from "./records.ts";

export interface ParserOptions {
  /** `headers` unless named: what of the payload survives. */
  readonly redaction?: RedactionMode;
  /** `full` unless named: what of path, DNS name and topic leaves. */
  readonly resource?: ResourceMode;
  /** Lowest HTTP status that is an error, 500 unless named. */
  readonly errorStatusFrom?: number;
  /** A record for each connection that ends, too. */
  readonly flows?: boolean;
  /** Ports whose protocol is known; all others are told by their bytes. */
  readonly hints?: ReadonlyMap<number, HintedProtocol>;
}

/** What a port can be known for; gRPC is HTTP/2. */
export type HintedProtocol = Exclude<Protocol, "grpc">;

/** One end of a connection: address of 4 or 16 bytes, network order. */
export interface End {
  readonly address: Uint8Array;
  readonly port: number;
}
export interface Ends {
  readonly transport: "tcp" | "udp";
  readonly client: End;
  readonly server: End;
}
export type Side = "client" | "server";

/** Chunks lie behind the ends of their connection, aligned. */
const CHUNK_OFFSET = 64;

export interface ParserInstance {
  readonly exports: ParserExports;
  readonly rows: RowReader;
  readonly input: Uint8Array;
  readonly view: DataView;
}

export function startInstance(exports: ParserExports, options: ParserOptions): ParserInstance {
  const { buffer } = exports.memory;
  configure(exports, options);
  return {
    exports,
    rows: createRowReader(buffer, exports.ROWS_PTR.value, exports.TEXT_PTR.value),
    input: new Uint8Array(buffer, exports.INPUT_PTR.value, exports.INPUT_BYTES.value),
    view: new DataView(buffer, exports.INPUT_PTR.value, exports.INPUT_BYTES.value),
  };
}

/** @throws RangeError for a hint at what is no port */
export function configure(exports: ParserExports, options: ParserOptions): void {
  exports.configure(
    MODES.indexOf(options.redaction ?? "headers"),
    RESOURCE_MODES.indexOf(options.resource ?? "full"),
    options.errorStatusFrom ?? 500,
    options.flows === true ? 1 : 0,
  );
  for (const [port, protocol] of options.hints ?? []) {
    if (exports.setHint(port, PROTOCOLS.indexOf(protocol)) === 0) {
      throw new RangeError(`no port ${port}`);
    }
  }
}

/** The next bytes of a side, redacted in place; what was completed by them. */
export function feedChunk(
  at: ParserInstance,
  ends: Ends,
  side: Side,
  bytes: Uint8Array,
  timeNs: bigint,
): ParserRecord[] {
  const records: ParserRecord[] = [];
  const { exports, input } = at;
  const begin = exports.INPUT_PTR.value + CHUNK_OFFSET;
  const room = input.length - CHUNK_OFFSET;
  for (let offset = 0; offset < bytes.length; offset += room) {
    const part = bytes.subarray(offset, offset + room);
    input.set(part, CHUNK_OFFSET);
    const ptr = writeEnds(at, ends);
    for (let fed = 0; fed < part.length; ) {
      const rest = part.length - fed;
      const taken = exports.feedChunk(ptr, sideNumber(side), begin + fed, rest, timeNs);
      fed += accepted(taken);
      if (takeRows(at, records) === 0 && taken === 0) throw new Error("the parsers are stuck");
    }
    part.set(input.subarray(CHUNK_OFFSET, CHUNK_OFFSET + part.length));
  }
  return records;
}

/** Repeats a call about a connection that stops, with 0, when the output is full. */
export function callUntilDone(
  at: ParserInstance,
  ends: Ends,
  call: (exports: ParserExports, ptr: number) => number,
): ParserRecord[] {
  const records: ParserRecord[] = [];
  const ptr = writeEnds(at, ends);
  for (let done = 0; done === 0; takeRows(at, records)) done = accepted(call(at.exports, ptr));
  return records;
}

/** Takes the rows that were written; returns how many. */
export function takeRows({ exports, rows }: ParserInstance, into: ParserRecord[]): number {
  const count = exports.rowCount();
  if (count === 0) return 0;
  for (const record of rows.read(count)) into.push(record);
  exports.clearOutput();
  return count;
}

export const sideNumber = (side: Side): number => (side === "client" ? 0 : 1);

function accepted(result: number): number {
  // WASM numbers are signed: -1 is 0xffffffff.
  if (result >>> 0 === BAD_CALL) throw new RangeError("no such connection ends");
  return result;
}

/** Writes the ends at the start of the input; returns their pointer. */
function writeEnds(
  { exports, input, view }: ParserInstance,
  { transport, client, server }: Ends,
): number {
  const isIpv4 = client.address.length === 4;
  for (const { address, port } of [client, server]) {
    if (address.length !== (isIpv4 ? 4 : 16)) throw new RangeError("addresses of two families");
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError("no port");
  }
  input.fill(0, 0, ENDS_BYTES);
  view.setUint8(ENDS.transport, transport === "tcp" ? 6 : 17);
  view.setUint8(ENDS.family, isIpv4 ? 4 : 6);
  view.setUint16(ENDS.clientPort, client.port, true);
  view.setUint16(ENDS.serverPort, server.port, true);
  input.set(client.address, ENDS.clientAddress);
  input.set(server.address, ENDS.serverAddress);
  return exports.INPUT_PTR.value;
}

export function countersOf(exports: ParserExports): [CounterName, bigint][] {
  const { memory, COUNTERS_PTR, COUNTER_LIMIT } = exports;
  const values = new BigUint64Array(memory.buffer, COUNTERS_PTR.value, COUNTER_LIMIT.value);
  return Object.entries(COUNTERS).map(([name, index]) => [
    name as CounterName,
    values[index] ?? 0n,
  ]);
}
