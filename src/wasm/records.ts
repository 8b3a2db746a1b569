/** Output rows of the parser module as objects. Times are in nanoseconds, sizes in bytes. */

import { formatIpv4, formatIpv6 } from "../model/address-text.ts";
import {
  FAMILIES,
  NOTES,
  type Note,
  PROTOCOLS,
  type Protocol,
  ROW,
  ROW_BYTES,
  ROW_CALL,
  ROW_FLAG,
  TRANSPORTS,
  UNKNOWN_LATENCY,
} from "./abi.ts";
import { hexText, visibleText } from "./text.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

interface RecordBase {
  /** Number of the connection among those open at the same time; used anew when it is over. */
  readonly connection: number;
  readonly transport: "tcp" | "udp";
  readonly networkType: "ipv4" | "ipv6";
  /** The client of the connection. */
  readonly source: Endpoint;
  /** Its server. */
  readonly destination: Endpoint;
  /** First byte of the request; first packet of the flow. */
  readonly startNs: bigint;
}

/** A request and its response. */
export interface CallRecord extends RecordBase {
  readonly kind: "call";
  readonly protocol: Protocol;
  readonly method: string;
  readonly resource: string;
  /** Empty when the response never came. */
  readonly status: string;
  readonly error: boolean;
  readonly encrypted: boolean;
  /** First request byte to last response byte; undefined when there was none. */
  readonly latencyNs: bigint | undefined;
  /** First request byte to first response byte. */
  readonly firstByteLatencyNs: bigint | undefined;
  readonly requestBytes: bigint;
  readonly responseBytes: bigint;
  readonly notes: readonly Note[];
  /** Hex, from a traceparent on the request; empty when there was none. */
  readonly traceId: string;
  readonly parentSpanId: string;
}

/** A connection or a UDP exchange that is over. */
export interface FlowRecord extends RecordBase {
  readonly kind: "flow";
  /** Empty when it was none of ours. */
  readonly protocol: Protocol | "";
  readonly durationNs: bigint;
  /** Payload bytes and packets from the client. */
  readonly bytesSent: bigint;
  readonly packetsSent: number;
  /** The same from the server. */
  readonly bytesReceived: bigint;
  readonly packetsReceived: number;
}

export type ParserRecord = CallRecord | FlowRecord;

/** Reads the rows of one module instance. */
export interface RowReader {
  /** The first `count` rows; they are copied. */
  read(count: number): ParserRecord[];
}

/** @param memory of the instance, with its rows at `rows` and their texts at `texts` */
export function createRowReader(memory: ArrayBuffer, rows: number, texts: number): RowReader {
  const bytes = new Uint8Array(memory);
  const view = new DataView(memory);

  const u64 = (at: number) => view.getBigUint64(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const endpoint = (row: number, address: number, port: number): Endpoint => {
    const isIpv4 = view.getUint8(row + ROW.family) === 4;
    return {
      address: isIpv4 ? formatIpv4(view, row + address) : formatIpv6(view, row + address),
      port: view.getUint16(row + port, true),
    };
  };
  const latency = (at: number) => (u64(at) === UNKNOWN_LATENCY ? undefined : u64(at));
  const base = (row: number): RecordBase => ({
    connection: u32(row + ROW.connection),
    transport: view.getUint8(row + ROW.transport) === 17 ? TRANSPORTS[17] : TRANSPORTS[6],
    networkType: view.getUint8(row + ROW.family) === 4 ? FAMILIES[4] : FAMILIES[6],
    source: endpoint(row, ROW.clientAddress, ROW.clientPort),
    destination: endpoint(row, ROW.serverAddress, ROW.serverPort),
    startNs: u64(row + ROW.start),
  });
  const protocol = (row: number) => PROTOCOLS[view.getUint8(row + ROW.protocol)] ?? "";

  const call = (row: number): CallRecord => {
    const flags = view.getUint8(row + ROW.flags);
    const has = (flag: number) => (flags & flag) !== 0;
    const resource = visibleText(
      bytes,
      texts + u32(row + ROW.resourceOffset),
      u32(row + ROW.resourceLength),
    );
    const traced = (at: number, size: number) =>
      has(ROW_FLAG.trace) ? hexText(bytes.subarray(row + at, row + at + size)) : "";
    return {
      kind: "call",
      ...base(row),
      protocol: protocol(row) as Protocol,
      method: has(ROW_FLAG.methodIsResource)
        ? resource.slice(1)
        : visibleText(bytes, row + ROW.method, view.getUint8(row + ROW.methodLength)),
      resource,
      status: visibleText(bytes, row + ROW.status, view.getUint8(row + ROW.statusLength)),
      error: has(ROW_FLAG.error),
      encrypted: has(ROW_FLAG.encrypted),
      latencyNs: latency(row + ROW.latency),
      firstByteLatencyNs: latency(row + ROW.firstByteLatency),
      requestBytes: u64(row + ROW.requestBytes),
      responseBytes: u64(row + ROW.responseBytes),
      notes: notesOf(u32(row + ROW.notes)),
      traceId: traced(ROW.traceId, 16),
      parentSpanId: traced(ROW.parentSpanId, 8),
    };
  };
  const flow = (row: number): FlowRecord => ({
    kind: "flow",
    ...base(row),
    protocol: protocol(row),
    durationNs: u64(row + ROW.duration),
    bytesSent: u64(row + ROW.bytesSent),
    packetsSent: u32(row + ROW.packetsSent),
    bytesReceived: u64(row + ROW.bytesReceived),
    packetsReceived: u32(row + ROW.packetsReceived),
  });

  return {
    read(count) {
      const records: ParserRecord[] = [];
      for (let index = 0; index < count; index++) {
        const row = rows + index * ROW_BYTES;
        records.push(u32(row + ROW.kind) === ROW_CALL ? call(row) : flow(row));
      }
      return records;
    },
  };
}

const NO_NOTES: readonly Note[] = [];

function notesOf(bits: number): readonly Note[] {
  return bits === 0 ? NO_NOTES : NOTES.filter((_note, bit) => (bits & (1 << bit)) !== 0);
}
