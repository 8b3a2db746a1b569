/** What `inspect` prints of records and counters, in both formats. */
import { describe, expect, it } from "vitest";
import { COUNTERS } from "../wasm/abi.ts";
import type { CallRecord, FlowRecord, ParserCounters } from "../wasm/parsers.ts";
import { ndjsonFormat } from "./inspect-ndjson.ts";
import { tableFormat } from "./inspect-table.ts";

const call: CallRecord = {
  kind: "call",
  connection: 3,
  transport: "tcp",
  networkType: "ipv4",
  source: { address: "192.0.2.1", port: 40_000 },
  destination: { address: "192.0.2.2", port: 80 },
  protocol: "http1",
  method: "GET",
  resource: "/orders/1",
  status: "503",
  error: true,
  encrypted: false,
  startNs: 1_700_000_000_123_456_789n,
  latencyNs: 2_500_000n,
  firstByteLatencyNs: 1_500_000n,
  requestBytes: 120n,
  responseBytes: 18_446_744_073_709_551_615n,
  notes: [],
  traceId: "",
  parentSpanId: "",
};
const unanswered: CallRecord = {
  ...call,
  source: { address: "2001:db8::1", port: 40_001 },
  destination: { address: "2001:db8::2", port: 53 },
  protocol: "dns",
  method: "AAAA",
  resource: "example.org",
  status: "",
  error: false,
  latencyNs: undefined,
  firstByteLatencyNs: undefined,
  notes: ["no_response", "retried"],
};
const flow: FlowRecord = {
  kind: "flow",
  connection: 3,
  transport: "tcp",
  networkType: "ipv4",
  source: call.source,
  destination: call.destination,
  protocol: "http1",
  startNs: 1n,
  durationNs: 2n,
  bytesSent: 3n,
  packetsSent: 4,
  bytesReceived: 5n,
  packetsReceived: 6,
};

function counters(values: Partial<ParserCounters>): ParserCounters {
  const zeros = Object.keys(COUNTERS).map((name) => [name, 0n]);
  return { ...Object.fromEntries(zeros), parser_traps: 0n, ...values };
}

const parsed = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("ndjson", () => {
  it("has one object a line, with 64-bit numbers as strings", () => {
    expect(parsed(ndjsonFormat().records([call, flow]))).toEqual([
      {
        kind: "call",
        protocol: "http1",
        method: "GET",
        resource: "/orders/1",
        status: "503",
        error: true,
        encrypted: false,
        start_unix_nano: "1700000000123456789",
        latency_nano: "2500000",
        request_bytes: "120",
        response_bytes: "18446744073709551615",
        source: { address: "192.0.2.1", port: 40_000 },
        destination: { address: "192.0.2.2", port: 80 },
        notes: [],
        first_byte_latency_nano: "1500000",
      },
      {
        kind: "flow",
        network_transport: "tcp",
        network_type: "ipv4",
        protocol: "http1",
        start_unix_nano: "1",
        duration_nano: "2",
        bytes_sent: "3",
        bytes_received: "5",
        packets_sent: "4",
        packets_received: "6",
        source: { address: "192.0.2.1", port: 40_000 },
        destination: { address: "192.0.2.2", port: 80 },
      },
    ]);
  });

  it("leaves out what nobody knows, and tells the notes", () => {
    const [object] = parsed(ndjsonFormat().records([unanswered]));
    expect(object).toMatchObject({ status: "", latency_nano: "0" });
    expect(object).toHaveProperty("notes", ["no_response", "retried"]);
    expect(object).not.toHaveProperty("first_byte_latency_nano");
    expect(object).not.toHaveProperty("trace_id");
  });

  it("has no method for a response whose request was not seen", () => {
    const orphan = { ...call, method: "", resource: "" };
    expect(parsed(ndjsonFormat().records([orphan]))[0]).toMatchObject({
      method: null,
      resource: "",
    });
  });

  it("joins the trace of the application", () => {
    const traced = { ...call, traceId: "0af7651916cd43dd8448eb211c80319c", parentSpanId: "b7ad" };
    expect(parsed(ndjsonFormat().records([traced]))[0]).toMatchObject({
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      parent_span_id: "b7ad",
    });
  });

  it("ends with every counter", () => {
    const [summary] = parsed(ndjsonFormat().summary(counters({ packets: 12n })));
    expect(summary).toMatchObject({
      kind: "summary",
      packets: "12",
      calls: "0",
      parser_traps: "0",
    });
    expect(Object.keys(summary as object)).toHaveLength(Object.keys(COUNTERS).length + 2);
  });

  it("names the file in each object when there are several", () => {
    const format = ndjsonFormat("a b.pcap");
    const text = format.records([call, flow]) + format.summary(counters({}));
    for (const object of parsed(text)) expect(object).toHaveProperty("file", "a b.pcap");
  });
});

describe("table", () => {
  it("aligns the calls, and sums up what was seen and lost", () => {
    const format = tableFormat();
    expect(format.records([call, flow, unanswered])).toBe("");
    expect(format.summary(counters({ packets: 9n, gaps: 1n })).split("\n")).toEqual([
      "TIME                        PROTOCOL  SOURCE               DESTINATION       STATUS  LATENCY  CALL",
      "2023-11-14 22:13:20.123456  http1     192.0.2.1:40000      192.0.2.2:80      503     2.5 ms   GET /orders/1",
      "2023-11-14 22:13:20.123456  dns       [2001:db8::1]:40001  [2001:db8::2]:53  -       -        AAAA example.org  [no_response retried]",
      "",
      "2 calls, 1 errors, 1 connections, 9 packets",
      "  1 holes in streams",
      "",
    ]);
  });

  it("begins to print when it has seen enough, and goes on with the same widths", () => {
    const format = tableFormat("x.pcap");
    const first = format.records(new Array(500).fill(call));
    expect(first.split("\n").slice(0, 2)).toEqual(["== x.pcap", expect.stringMatching(/^TIME/)]);
    expect(first.split("\n")).toHaveLength(503);
    const columns = first.split("\n")[2]?.indexOf("GET");
    expect(format.records([call]).indexOf("GET")).toBe(columns);
    expect(format.summary(counters({}))).toMatch(/^\n501 calls, 501 errors/);
  });

  it.each([
    [0n, "0 us"],
    [999_499n, "999 us"],
    [1_500_000n, "1.5 ms"],
    [61_000_000_000n, "61.00 s"],
  ])("shows a latency of %s ns as %s", (latencyNs, text) => {
    const format = tableFormat();
    format.records([{ ...call, latencyNs }]);
    expect(format.summary(counters({}))).toContain(`  ${text}  `);
  });

  it("survives any time of a packet", () => {
    const format = tableFormat();
    format.records([{ ...call, startNs: 2n ** 64n - 1n }]);
    expect(format.summary(counters({}))).toContain("2554-07-21 23:34:33.709551");
  });
});
