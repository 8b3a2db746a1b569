import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyFlow,
  expectedText,
  numberedBatch,
  sampleBatch,
  sampleEdge,
  sampleFlow,
} from "../../test/support/kafka/batches.ts";
import { protocAvailable, protocDecode, protocEncode } from "../../test/support/protoc.ts";
import { requireOrSkip } from "../../test/support/require.ts";
import type { FlowBatch } from "../model/flow.ts";
import { delimited, encodeBatch, encodeBatches, toNdjson } from "./codec.ts";

const NEVER = (): never => {
  throw new Error("no record of this batch is oversized");
};

/** Any batch: extremes of every numeric width, any text. */
const anyBatch: fc.Arbitrary<FlowBatch> = fc.record({
  flows: fc.array(
    fc
      .record({
        observedAtUnixNano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        sourcePort: fc.integer({ min: 0, max: 65_535 }),
        uid: fc.integer({ min: 0, max: 0xffff_ffff }),
        bytes: fc.maxSafeNat(),
        durationNano: fc.maxSafeNat(),
        processName: fc.string({ unit: "binary" }),
        workload: fc.string(),
      })
      .map(sampleFlow),
    { maxLength: 5 },
  ),
  edges: fc.array(
    fc
      .record({
        lastSeenUnixNano: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        connections: fc.maxSafeNat(),
        source: fc.string({ unit: "grapheme" }),
      })
      .map(sampleEdge),
    { maxLength: 5 },
  ),
});

describe("the protobuf encoding", () => {
  it("is read back field by field by protoc", (ctx) => {
    requireOrSkip(ctx, protocAvailable(), "protoc");
    const batch = sampleBatch();
    expect(protocDecode("FlowBatch", encodeBatch(batch))).toEqual(expectedText(batch));
  });

  it("is byte for byte what protoc writes", (ctx) => {
    requireOrSkip(ctx, protocAvailable(), "protoc");
    const flow = emptyFlow({
      tenantId: "acme",
      observedAtUnixNano: 1_763_600_000_123_456_789n,
      bytes: 9_007_199_254_740_991,
      uid: 4_294_967_295,
      podUid: "p",
      systemdUnit: "s",
      containerRuntime: "r",
    });
    const edge = sampleEdge({
      source: "",
      bytes: 0,
      firstSeenUnixNano: -1n,
      lastSeenUnixNano: 2n ** 63n - 1n,
    });
    const canonical = protocEncode(
      "FlowBatch",
      `flows {
         tenant_id: "acme" observed_at_unix_nano: 1763600000123456789 network_transport: "tcp"
         network_type: "ipv6" bytes: 9007199254740991 direction: "egress" state: "close"
         uid: 4294967295 pod_uid: "p" systemd_unit: "s" container_runtime: "r"
       }
       edges {
         tenant_id: "acme" destination: "nginx@0123456789ab" destination_port: 443
         network_transport: "tcp" connections: 12 packets: 99 first_seen_unix_nano: -1
         last_seen_unix_nano: 9223372036854775807 failed_connections: 2
       }`,
    );
    expect(hex(encodeBatch({ flows: [flow], edges: [edge] }))).toBe(hex(canonical));
  });

  it("is read back by protoc whatever the values are", (ctx) => {
    requireOrSkip(ctx, protocAvailable(), "protoc");
    fc.assert(
      fc.property(anyBatch, (batch) => {
        expect(protocDecode("FlowBatch", encodeBatch(batch))).toEqual(expectedText(batch));
      }),
      { numRuns: 40 },
    );
  });

  it("encodes an empty batch as nothing", () => {
    expect(encodeBatch({ flows: [], edges: [] })).toHaveLength(0);
    expect([...encodeBatches({ flows: [], edges: [] }, 10, NEVER)]).toEqual([]);
  });

  it("puts the length before a delimited message", () => {
    expect(hex(delimited(new Uint8Array(300).fill(7)))).toBe(`ac02${"07".repeat(300)}`);
    expect(hex(delimited(new Uint8Array(0)))).toBe("00");
  });
});

describe("the field numbers", () => {
  // The promise to readers, written down a second time: name, number and type.
  const promised = {
    Flow: [
      "string tenant_id 1, string agent_id 2, string host 3, int64 observed_at_unix_nano 4",
      "string source_address 5, uint32 source_port 6, string destination_address 7",
      "uint32 destination_port 8, string network_transport 9, string network_type 10, uint32 pid 11",
      "string process_name 12, string container_id 13, string workload 14, uint64 bytes 15",
      "uint64 packets 16, string direction 17, string state 18, string role 32, uint32 uid 33",
      "uint64 srtt_nano 34, uint64 retransmits 35, uint64 duration_nano 36, uint64 bytes_sent 37",
      "uint64 bytes_received 38, uint32 netns 39, string pod_uid 40, string systemd_unit 41",
      "string container_runtime 42",
    ],
    ServiceEdge: [
      "string tenant_id 1, string source 2, string destination 3, uint32 destination_port 4",
      "string network_transport 5, uint64 connections 6, uint64 bytes 7, uint64 packets 8",
      "int64 first_seen_unix_nano 9, int64 last_seen_unix_nano 10, string l7_protocol 11",
      "uint64 l7_calls 12, uint64 l7_errors 13, int64 l7_latency_sum_nano 14",
      "int64 l7_latency_max_nano 15, string l7_coverage 32, string l7_coverage_reason 33",
      "uint64 failed_connections 34",
    ],
    L7Call: [
      "string tenant_id 1, string agent_id 2, string source 3, string destination 4",
      "uint32 destination_port 5, string protocol 6, string method 7, string resource 8",
      "string status 9, bool error 10, bool encrypted 11, int64 start_unix_nano 12",
      "int64 latency_nano 13, uint64 request_bytes 14, uint64 response_bytes 15",
      "string trace_id 32, string parent_span_id 33, repeated string notes 34",
      "int64 first_byte_latency_nano 35",
    ],
    FlowBatch: ["repeated Flow flows 1, repeated ServiceEdge edges 2, repeated L7Call l7_calls 3"],
  };

  it.each(Object.entries(promised))("of %s are those of the contract", (name, lines) => {
    const text = readFileSync(new URL("flow.proto", import.meta.url), "utf8");
    const body = new RegExp(`message ${name} \\{(.*?)\\n\\}`, "s").exec(text)?.[1] ?? "";
    const declared = [...body.matchAll(/^ {2}([\w ]+ = \d+);$/gm)].map(([, field]) => field);
    expect(declared.map((field) => field?.replace(" =", ""))).toEqual(
      lines.flatMap((line) => line.split(", ")),
    );
  });
});

describe("splitting", () => {
  it("keeps every piece within the limit and loses nothing", () => {
    const batch: FlowBatch = { ...numberedBatch(200), edges: [sampleEdge(), sampleEdge()] };
    const pieces = [...encodeBatches(batch, 1_000, NEVER)];
    expect(pieces.length).toBeGreaterThan(50);
    expect(Math.max(...pieces.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1_000);
    expect(pieces.reduce((sum, { records }) => sum + records, 0)).toBe(202);
    // Messages that follow each other are one message: together the pieces are the batch.
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(encodeBatch(batch))).toBe(true);
  });

  it("uses the limit to the last byte", () => {
    const whole = encodeBatch(numberedBatch(2));
    expect([...encodeBatches(numberedBatch(2), whole.length, NEVER)]).toHaveLength(1);
    expect([...encodeBatches(numberedBatch(2), whole.length - 1, NEVER)]).toHaveLength(2);
  });

  it("leaves out a record that is too large alone, and says so", () => {
    const large = sampleFlow({ processName: "x".repeat(2_000) });
    const batch = { flows: [sampleFlow(), large, sampleFlow()], edges: [] };
    let oversized = 0;
    const pieces = [...encodeBatches(batch, 1_000, () => oversized++)];
    expect(oversized).toBe(1);
    expect(pieces.map(({ records }) => records)).toEqual([2]);
    const rest = encodeBatch({ flows: [sampleFlow(), sampleFlow()], edges: [] });
    expect(hex(pieces[0]?.bytes ?? new Uint8Array())).toBe(hex(rest));
  });
});

describe("the JSON form", () => {
  it("is one line with proto names, 64-bit numbers as strings and no defaults", () => {
    const line = toNdjson({ flows: [sampleFlow({ uid: 0, podUid: "" })], edges: [sampleEdge()] });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const { flows, edges, ...rest } = JSON.parse(line);
    expect(rest).toEqual({});
    expect(flows).toHaveLength(1);
    expect(flows[0]).toMatchObject({
      tenant_id: "acme",
      observed_at_unix_nano: "1763600000123456789",
      source_port: 51_234,
      bytes: "9007199254740991",
      process_name: 'cürl "x"\\\n',
      netns: 4_026_531_840,
    });
    expect(flows[0]).not.toHaveProperty("uid");
    expect(flows[0]).not.toHaveProperty("pod_uid");
    expect(edges[0]).toMatchObject({ failed_connections: "2", destination_port: 443 });
  });

  it("carries the same values as the protobuf form", (ctx) => {
    requireOrSkip(ctx, protocAvailable(), "protoc");
    fc.assert(
      fc.property(anyBatch, (batch) => {
        const json = JSON.parse(toNdjson(batch));
        expect(Object.keys(json)).toEqual(Object.keys(expectedText(batch)));
        const flat = (list: object[] = []) =>
          list.map((record) => Object.entries(record).map(([name, value]) => [name, `${value}`]));
        const decoded = protocDecode("FlowBatch", encodeBatch(batch));
        const records = [...(decoded.flows ?? []), ...(decoded.edges ?? [])] as object[];
        expect([...flat(json.flows), ...flat(json.edges)]).toEqual(flat(records));
      }),
      { numRuns: 20 },
    );
  });

  it("writes an empty batch as an empty object", () => {
    expect(toNdjson({ flows: [], edges: [] })).toBe("{}\n");
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
