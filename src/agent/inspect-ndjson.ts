/** Records of `inspect` as JSON, one object a line; 64-bit numbers are strings. */

import type { CallRecord, FlowRecord, ParserCounters, ParserRecord } from "../wasm/parsers.ts";

/** What writes the records of a file, then its summary, as lines of text. */
export interface InspectFormat {
  records(records: readonly ParserRecord[]): string;
  summary(counters: ParserCounters): string;
}

/** @param file named in each object when it is given */
export function ndjsonFormat(file?: string): InspectFormat {
  const named = file === undefined ? {} : { file };
  const line = (fields: object) => `${JSON.stringify({ ...fields, ...named })}\n`;
  return {
    records: (records) =>
      records
        .map((record) => line(record.kind === "call" ? callFields(record) : flowFields(record)))
        .join(""),
    summary: (counters) => {
      const texts = Object.entries(counters).map(([name, value]) => [name, String(value)] as const);
      return line({ kind: "summary", ...Object.fromEntries(texts) });
    },
  };
}

function callFields(call: CallRecord): object {
  const { firstByteLatencyNs, traceId } = call;
  return {
    kind: "call",
    protocol: call.protocol,
    // A response whose request was not seen: nobody knows its method.
    method: call.method === "" ? null : call.method,
    resource: call.resource,
    status: call.status,
    error: call.error,
    encrypted: call.encrypted,
    start_unix_nano: String(call.startNs),
    latency_nano: String(call.latencyNs ?? 0n),
    request_bytes: String(call.requestBytes),
    response_bytes: String(call.responseBytes),
    source: call.source,
    destination: call.destination,
    notes: call.notes,
    ...(firstByteLatencyNs === undefined
      ? {}
      : { first_byte_latency_nano: String(firstByteLatencyNs) }),
    ...(traceId === "" ? {} : { trace_id: traceId, parent_span_id: call.parentSpanId }),
  };
}

function flowFields(flow: FlowRecord): object {
  return {
    kind: "flow",
    network_transport: flow.transport,
    network_type: flow.networkType,
    protocol: flow.protocol,
    start_unix_nano: String(flow.startNs),
    duration_nano: String(flow.durationNs),
    bytes_sent: String(flow.bytesSent),
    bytes_received: String(flow.bytesReceived),
    packets_sent: String(flow.packetsSent),
    packets_received: String(flow.packetsReceived),
    source: flow.source,
    destination: flow.destination,
  };
}
