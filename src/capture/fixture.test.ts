import { execFileSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FLOW_RECORD_OFFSETS as AT, FLOW_RECORD_SIZE } from "../model/flow-record.ts";
import { createFixtureSource } from "./fixture.ts";

const VALID = {
  tenant_id: "other",
  agent_id: "recorded",
  host: "recorded",
  source_address: "10.0.0.1",
  source_port: 40_000,
  source_pid: 7,
  destination_address: "10.0.0.2",
  destination_port: 443,
  network_transport: "tcp",
  network_type: "ipv4",
  bytes: 1000,
  packets: 10,
  direction: "egress",
  state: "close",
};

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fixture-test-"));
  path = join(folder, "flows.json");
});
afterEach(() => rm(folder, { recursive: true }));

/** Every batch that a source over `content` delivers, copied. */
async function replay(content: string | Uint8Array): Promise<Uint8Array[]> {
  await writeFile(path, content);
  const batches: Uint8Array[] = [];
  const source = createFixtureSource({ path, monoNowNs: () => 5_000_000_000n });
  await source.start((records) => batches.push(records.slice()));
  return batches;
}

/** The one record that a fixture of this entry alone delivers. */
async function recordOf(entry: object): Promise<DataView> {
  const [batch] = await replay(JSON.stringify([entry]));
  expect(batch).toHaveLength(FLOW_RECORD_SIZE);
  return new DataView((batch ?? new Uint8Array()).buffer);
}

function bytesOf(view: DataView, at: number, size: number): number[] {
  return [...new Uint8Array(view.buffer, at, size)];
}

async function refusal(content: string | Uint8Array): Promise<string> {
  const error: unknown = await replay(content).then(
    () => new Error("not refused"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "AgentError", code: "INPUT_INVALID" });
  const message = error instanceof Error ? error.message : "";
  expect(message).not.toContain("\n");
  return message.replace(path, "FILE");
}

describe("a fixture entry", () => {
  it("becomes the close of a client", async () => {
    const extra = { process_name: "curl", uid: 1000, bytes_received: 900, packets_received: 6 };
    const view = await recordOf({ ...VALID, ...extra, srtt_us: 250, duration_ms: 2000 });
    expect(view.getBigUint64(AT.observed_mono_ns, true)).toBe(5_000_000_000n);
    expect(view.getBigUint64(AT.start_mono_ns, true)).toBe(3_000_000_000n);
    expect(view.getBigUint64(AT.connection_id, true)).toBe(1n);
    expect(view.getBigUint64(AT.bytes_sent, true)).toBe(100n);
    expect(view.getBigUint64(AT.bytes_received, true)).toBe(900n);
    expect(view.getUint32(AT.packets_sent, true)).toBe(4);
    expect(view.getUint32(AT.packets_received, true)).toBe(6);
    expect(view.getUint32(AT.srtt_us, true)).toBe(250);
    expect(view.getUint32(AT.pid, true)).toBe(7);
    expect(view.getUint32(AT.uid, true)).toBe(1000);
    expect(view.getUint16(AT.local_port, true)).toBe(40_000);
    expect(view.getUint16(AT.remote_port, true)).toBe(443);
    expect(bytesOf(view, AT.local_address, 5)).toEqual([10, 0, 0, 1, 0]);
    expect(bytesOf(view, AT.remote_address, 5)).toEqual([10, 0, 0, 2, 0]);
    expect(bytesOf(view, AT.kind, 4)).toEqual([2, 4, 6, 1]);
    expect(view.getUint16(AT.flags, true)).toBe(0);
    expect(Buffer.from(bytesOf(view, AT.comm, 16)).toString()).toBe("curl".padEnd(16, "\0"));
  });

  it("becomes the snapshot of a server, the local end being the destination", async () => {
    const view = await recordOf({
      ...VALID,
      source_address: "2001:db8::1",
      destination_address: "2001:db8::2",
      network_type: "ipv6",
      network_transport: "udp",
      direction: "ingress",
      state: "established",
    });
    expect(bytesOf(view, AT.kind, 4)).toEqual([4, 6, 17, 2]);
    expect(bytesOf(view, AT.local_address, 16).at(-1)).toBe(2);
    expect(bytesOf(view, AT.remote_address, 16).at(-1)).toBe(1);
    expect(view.getUint16(AT.local_port, true)).toBe(443);
    expect(view.getBigUint64(AT.start_mono_ns, true)).toBe(0n);
  });

  it("needs its addresses and its destination port alone", async () => {
    const { source_address, destination_address, destination_port } = VALID;
    const view = await recordOf({ source_address, destination_address, destination_port });
    expect(bytesOf(view, AT.kind, 4)).toEqual([4, 4, 6, 1]);
  });

  it("is IPv4 when its addresses are IPv4-mapped", async () => {
    const mapped = { source_address: "::ffff:10.0.0.1", destination_address: "::ffff:a00:2" };
    for (const network_type of ["ipv4", "ipv6"]) {
      const view = await recordOf({ ...VALID, ...mapped, network_type });
      expect(view.getUint8(AT.family)).toBe(4);
      expect(bytesOf(view, AT.remote_address, 16)).toEqual([10, 0, 0, 2, ...Array(12).fill(0)]);
    }
  });

  it("keeps whole characters of a long process name", async () => {
    const view = await recordOf({ ...VALID, process_name: "fourteen-bytesé" });
    expect(Buffer.from(bytesOf(view, AT.comm, 16)).toString()).toBe("fourteen-bytes\0\0");
  });

  it.each<[string, unknown]>([
    ["must be an object", 7],
    ["must be an object", []],
    ["source_address is missing", { ...VALID, source_address: undefined }],
    ["destination_port is missing", { ...VALID, destination_port: undefined }],
    ["destination_port must be an integer from 0 to 65535", { ...VALID, destination_port: 65536 }],
    ["destination_port must be an integer from 0 to 65535", { ...VALID, destination_port: "443" }],
    ["source_port must be an integer from 0 to 65535", { ...VALID, source_port: -1 }],
    ["source_pid must be an integer from 0 to 4294967295", { ...VALID, source_pid: 1.5 }],
    ["bytes must be an integer from 0 to 9007199254740991", { ...VALID, bytes: 2 ** 53 }],
    ["bytes_received must be an integer from 0 to 1000", { ...VALID, bytes_received: 1001 }],
    ["network_transport must be tcp or udp", { ...VALID, network_transport: "sctp" }],
    ["direction must be egress or ingress", { ...VALID, direction: "" }],
    ["state must be established or close", { ...VALID, state: "open" }],
    ["network_type must be ipv4 or ipv6", { ...VALID, network_type: 4 }],
    ["network_type must be ipv4, as the addresses are", { ...VALID, network_type: "ipv6" }],
    ["tenant_id must be text", { ...VALID, tenant_id: 1 }],
    [
      "source_address must be an IPv4 or IPv6 address without a zone",
      { ...VALID, source_address: "db.example" },
    ],
    [
      "destination_address must be of the same family as source_address",
      { ...VALID, destination_address: "::1" },
    ],
  ])("is refused by its number: %s", async (problem, entry) => {
    expect(await refusal(JSON.stringify([VALID, entry]))).toBe(`FILE: entry 2: ${problem}`);
  });
});

describe("a fixture file", () => {
  it("is delivered in order, in batches of whole records, each connection with its own id", async () => {
    const entries = Array.from({ length: 2050 }, (_, index) => ({ ...VALID, source_port: index }));
    const batches = await replay(JSON.stringify(entries));
    expect(batches.map((batch) => batch.length / FLOW_RECORD_SIZE)).toEqual([1024, 1024, 2]);
    const records = Buffer.concat(batches);
    for (const index of [0, 1023, 1024, 2049]) {
      const at = index * FLOW_RECORD_SIZE;
      expect(records.readUInt16LE(at + AT.local_port)).toBe(index);
      expect(records.readBigUInt64LE(at + AT.connection_id)).toBe(BigInt(index + 1));
    }
  });

  it("may begin with a byte order mark, and may be empty of flows", async () => {
    expect(await replay(`\ufeff${JSON.stringify([VALID])}`)).toHaveLength(1);
    expect(await replay("[]")).toEqual([]);
  });

  it.each<[string, string | Uint8Array]>([
    ["is not valid JSON; a fixture is a JSON array of flows", "[{"],
    ["is not valid JSON; a fixture is a JSON array of flows", ""],
    ["is not UTF-8 text; a fixture is a JSON array of flows", Uint8Array.of(0x5b, 0xff, 0x5d)],
    ["must be a JSON array of flows", JSON.stringify({ flows: [] })],
  ])("is refused when it %s", async (problem, content) => {
    expect(await refusal(content)).toBe(`FILE: ${problem}`);
  });

  it("is refused above 64 MiB without being read", async () => {
    await writeFile(path, "");
    await truncate(path, 64 * 1024 * 1024 + 1);
    await expect(createFixtureSource({ path }).start(() => undefined)).rejects.toThrow(
      `${path}: has 67108865 bytes; split it into files of at most 64 MiB`,
    );
  });

  it("is refused when it is missing or no regular file, a FIFO without waiting for a writer", async () => {
    const start = (other: string) => createFixtureSource({ path: other }).start(() => undefined);
    await expect(start(path)).rejects.toThrow(/ENOENT.*set fixture_path/);
    await expect(start(folder)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    await expect(start(fifo)).rejects.toThrow(`${fifo}: is not a regular file`);
  });
});

describe("the fixture source", () => {
  it("is ready between start and stop, and delivers once", async () => {
    await writeFile(path, JSON.stringify([VALID]));
    const source = createFixtureSource({ path });
    let delivered = 0;
    expect([source.mode, source.ready()]).toEqual(["fixture", false]);
    await source.start(() => {
      delivered++;
    });
    source.collect();
    expect([source.ready(), delivered]).toEqual([true, 1]);
    expect(source.metrics()).toMatchObject([{ name: "fixture_records_total", value: 1 }]);
    await source.stop();
    await source.stop();
    expect(source.ready()).toBe(false);
  });
});
