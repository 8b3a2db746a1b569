/** `inspect` from files to text, with the module of the build. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { type InspectRequest, inspectFiles } from "./inspect.ts";

const directory = mkdtempSync(join(tmpdir(), "inspect-"));
afterAll(() => rmSync(directory, { recursive: true }));

const QUESTION = Buffer.from("\u0004shop\u0007example\u0000\u0000\u0001\u0000\u0001", "latin1");

/** A DNS message: header (RFC 1035 4.1.1) and the question `shop.example A`. */
function dns(id: number, flags: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  return Buffer.concat([header, QUESTION]);
}

/** A raw IPv4 packet with a datagram between 192.0.2.1 and 192.0.2.2. */
function datagram(fromClient: boolean, payload: Buffer): Buffer {
  const head = Buffer.alloc(28);
  head[0] = 0x45;
  head.writeUInt16BE(28 + payload.length, 2);
  head.set([64, 17], 8);
  head.set([192, 0, 2, fromClient ? 1 : 2, 192, 0, 2, fromClient ? 2 : 1], 12);
  head.writeUInt16BE(fromClient ? 40_000 : 53, 20);
  head.writeUInt16BE(fromClient ? 53 : 40_000, 22);
  head.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([head, payload]);
}

/** A pcap file of raw IP packets, a millisecond apart. */
function pcap(packets: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(101, 20);
  const records = packets.flatMap((packet, index) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(1_700_000_000, 0);
    head.writeUInt32LE(1_000 * index, 4);
    head.writeUInt32LE(packet.length, 8);
    head.writeUInt32LE(packet.length, 12);
    return [head, packet];
  });
  return Buffer.concat([header, ...records]);
}

const EXCHANGE = pcap([datagram(true, dns(7, 0x0100)), datagram(false, dns(7, 0x8183))]);

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(directory, name), bytes);
  return join(directory, name);
}

async function inspect(files: string[], options: Partial<InspectRequest> = {}) {
  const stdout = new PassThrough().setEncoding("utf8");
  const stderr = new PassThrough().setEncoding("utf8");
  let text = "";
  stdout.on("data", (chunk: string) => {
    text += chunk;
  });
  let failure: unknown;
  const request: InspectRequest = {
    files,
    format: "ndjson",
    redaction: "headers",
    resource: "full",
    decodeAs: new Map(),
    ...options,
  };
  try {
    await inspectFiles(request, { stdout, stderr });
  } catch (error) {
    failure = error;
  }
  return { text, failure };
}

const objects = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("inspect", () => {
  it("tells the call, the flow and a summary", async () => {
    const { text, failure } = await inspect([file("a.pcap", EXCHANGE)]);
    expect(failure).toBeUndefined();
    const [call, flow, summary] = objects(text);
    expect(call).toMatchObject({
      kind: "call",
      protocol: "dns",
      method: "A",
      resource: "shop.example",
      status: "NXDOMAIN",
      error: false,
      start_unix_nano: "1700000000000000000",
      latency_nano: "1000000",
      source: { address: "192.0.2.1", port: 40_000 },
      destination: { address: "192.0.2.2", port: 53 },
      notes: [],
    });
    expect(flow).toMatchObject({ kind: "flow", packets_sent: "1", packets_received: "1" });
    expect(summary).toMatchObject({ kind: "summary", packets: "2", calls: "1" });
  });

  it("reads gzip, and names the files when there are several", async () => {
    const files = [file("a.pcap", EXCHANGE), file("b.pcap.gz", gzipSync(EXCHANGE))];
    const found = objects((await inspect(files)).text);
    expect(found.map((object) => object.kind)).toEqual([
      "call",
      "flow",
      "summary",
      "call",
      "flow",
      "summary",
    ]);
    expect(found.map((object) => object.file)).toEqual([0, 0, 0, 1, 1, 1].map((at) => files[at]));
  });

  it("keeps the name to itself when told to", async () => {
    const { text } = await inspect([file("a.pcap", EXCHANGE)], { resource: "off" });
    expect(objects(text)[0]).toMatchObject({ kind: "call", resource: "" });
    expect(text).not.toContain("shop");
  });

  it("looks at no payload in the mode length", async () => {
    const { text } = await inspect([file("a.pcap", EXCHANGE)], { redaction: "length" });
    expect(objects(text).map((object) => object.kind)).toEqual(["flow", "summary"]);
    expect(text).not.toContain("shop");
  });

  it("takes the operator's word for a port", async () => {
    const decodeAs = new Map([[53, "kafka"]] as const);
    const { text } = await inspect([file("a.pcap", EXCHANGE)], { decodeAs, format: "table" });
    expect(text).toContain("0 calls, 0 errors, 1 connections, 2 packets\n");
  });
});

describe("a file that is not whole", () => {
  it("is told with what was whole before", async () => {
    const cut = file("cut.pcap", EXCHANGE.subarray(0, EXCHANGE.length - 1));
    const { text, failure } = await inspect([cut]);
    expect(objects(text).map((object) => object.kind)).toEqual(["call", "flow", "summary"]);
    expect(objects(text)[0]).toMatchObject({ status: "", notes: ["no_response"] });
    expect(failure).toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/^[^\n]*cut\.pcap is cut short[^\n]*\(byte 98\)$/),
    });
  });

  it("and packed is told the same way", async () => {
    const packed = gzipSync(EXCHANGE);
    const cut = file("cut.pcap.gz", packed.subarray(0, packed.length - 4));
    const { text, failure } = await inspect([cut]);
    expect(objects(text).at(-1)).toMatchObject({ kind: "summary", packets: "2" });
    expect(failure).toMatchObject({ message: expect.stringMatching(/gzip data is damaged/) });
  });

  it.each([
    ["no capture", Buffer.from("hello, this is text\n")],
    ["nothing", Buffer.alloc(0)],
  ])("and holds %s is refused in one line, without output", async (_what, bytes) => {
    const { text, failure } = await inspect([file("bad", bytes)]);
    expect(text).toBe("");
    expect(failure).toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/^[^\n]*bad is not a pcap or pcapng file$/),
    });
  });

  it("does not keep the others from being read: a line for each that failed", async () => {
    const files = [
      join(directory, "absent"),
      file("a.pcap", EXCHANGE),
      file("bad", Buffer.from("text")),
    ];
    const { text, failure } = await inspect(files);
    expect(objects(text)).toHaveLength(3);
    expect((failure as Error).message.split("\n")).toEqual([
      expect.stringContaining("absent"),
      expect.stringContaining("bad is not"),
    ]);
  });
});
