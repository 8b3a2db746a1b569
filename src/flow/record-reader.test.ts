import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, flowRecord, type RecordFields } from "../../test/support/flow-records.ts";
import { FLOW_RECORD_SIZE } from "../model/flow-record.ts";
import { FlowRecordReader } from "./record-reader.ts";

function read(records: Uint8Array): { reader: FlowRecordReader; more: boolean } {
  const reader = new FlowRecordReader();
  reader.reset(records);
  return { reader, more: reader.next() };
}

/** The reader, placed on one record of these fields. */
function readOne(fields: RecordFields): FlowRecordReader {
  const { reader, more } = read(flowRecord(fields));
  expect(more).toBe(true);
  return reader;
}

function commOf(bytes: readonly number[]): string {
  return readOne({ comm: [...bytes, ...new Array<number>(16 - bytes.length).fill(0)] }).comm;
}

describe("FlowRecordReader", () => {
  it("reads every field at its offset", () => {
    const reader = readOne({
      observed_mono_ns: 5_000_000_123n,
      connection_id: 0xffff_8880_1234_5678n,
      start_mono_ns: 4_000_000_000n,
      bytes_sent: 11,
      bytes_received: 22,
      process_start_boot_ns: 33,
      cgroup_id: 44,
      packets_sent: 55,
      packets_received: 66,
      srtt_us: 77,
      retransmits: 88,
      pid: 99,
      uid: 110,
      netns: 4_026_532_000,
      local_port: 121,
      remote_port: 132,
      kind: 2,
      transport: 17,
      role: 2,
      flags: 0x21,
    });
    expect({
      observed: reader.observedMonoNs,
      id: reader.connectionId,
      start: reader.startMonoNsApprox,
      duration: reader.durationNs,
      bytes: [reader.bytesSent, reader.bytesReceived],
      boot: reader.processStartBootNs,
      cgroup: reader.cgroupId,
      packets: [reader.packetsSent, reader.packetsReceived],
      srtt: reader.srttUs,
      retransmits: reader.retransmits,
      owner: [reader.pid, reader.uid, reader.netns, reader.comm],
      local: [reader.localAddress, reader.localPort],
      remote: [reader.remoteAddress, reader.remotePort],
      closed: [reader.kind, reader.family, reader.transport, reader.role, reader.flags],
    }).toEqual({
      observed: 5_000_000_123n,
      id: 0xffff_8880_1234_5678n,
      start: 4_000_000_000,
      duration: 1_000_000_123,
      bytes: [11, 22],
      boot: 33,
      cgroup: 44,
      packets: [55, 66],
      srtt: 77,
      retransmits: 88,
      owner: [99, 110, 4_026_532_000, "curl"],
      local: ["10.0.0.1", 121],
      remote: ["10.0.0.2", 132],
      closed: [2, 4, 17, 2, 0x21],
    });
  });

  it.each<RecordFields>([
    { kind: 0 },
    { kind: 5 },
    { family: 0 },
    { family: 10 },
    { transport: 1 },
    { role: 3 },
    { observed_mono_ns: 2 ** 62 },
  ])("skips and counts %j, and reads on", (fields) => {
    const { reader, more } = read(concat([flowRecord(fields), flowRecord({ pid: 8 })]));
    expect(more).toBe(true);
    expect(reader.pid).toBe(8);
    expect(reader.next()).toBe(false);
    expect([reader.received, reader.malformed]).toEqual([2, 1]);
  });

  it("counts a batch that ends inside a record as one malformed record", () => {
    const { reader, more } = read(concat([flowRecord(), flowRecord().subarray(0, 143)]));
    expect(more).toBe(true);
    expect(reader.next()).toBe(false);
    expect(reader.next()).toBe(false);
    expect([reader.received, reader.malformed]).toEqual([2, 1]);
  });

  it("reads a view that starts at an odd offset of its buffer", () => {
    const shifted = concat([new Uint8Array(3), flowRecord({ pid: 12 })]).subarray(3);
    const { reader } = read(shifted);
    expect([reader.pid, reader.localAddress, reader.comm]).toEqual([12, "10.0.0.1", "curl"]);
  });

  it("is exact to 2^53 and saturates above", () => {
    expect(readOne({ bytes_sent: (1n << 53n) - 1n }).bytesSent).toBe(Number.MAX_SAFE_INTEGER);
    expect(readOne({ bytes_sent: (1n << 40n) + 7n }).bytesSent).toBe(2 ** 40 + 7);
    expect(readOne({ bytes_sent: (1n << 64n) - 1n }).bytesSent).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("keeps a duration exact beyond 104 days of uptime, and never below zero", () => {
    const observed_mono_ns = (1n << 56n) + 1n;
    expect(readOne({ observed_mono_ns, start_mono_ns: 1n << 56n }).durationNs).toBe(1);
    expect(readOne({ observed_mono_ns: 5n, start_mono_ns: 6n }).durationNs).toBe(0);
    expect(readOne({ start_mono_ns: 0 }).durationNs).toBe(0);
  });

  it("decodes a command name as it is, up to its NUL or 16 bytes", () => {
    expect(commOf([...Buffer.from("a\u001b[2J\nb")])).toBe("a\u001b[2J\nb");
    expect(commOf([...Buffer.from("café-ünï")])).toBe("café-ünï");
    expect(commOf([0x61, 0xff, 0x62])).toBe("a\ufffdb");
    expect(commOf([...Buffer.from("ab\0cd")])).toBe("ab");
    expect(commOf([...Buffer.from("exactly-16-bytes")])).toBe("exactly-16-bytes");
    expect(commOf([])).toBe("");
  });

  it("keeps texts apart in its caches, whatever collides there", () => {
    const peers = Array.from({ length: 20_000 }, (_, index) => [
      10,
      index >> 16,
      index >> 8,
      index,
    ]);
    const reader = new FlowRecordReader();
    reader.reset(concat(peers.map((peer) => flowRecord({ remote_address: peer }))));
    const seen: string[] = [];
    while (reader.next()) {
      seen.push(reader.remoteAddress);
    }
    expect(seen).toEqual(peers.map((peer) => peer.map((byte) => byte & 0xff).join(".")));
  });

  it("tells an IPv4 address from the IPv6 one with the same first bytes", () => {
    const reader = new FlowRecordReader();
    const bytes = [32, 1, 13, 184];
    reader.reset(
      concat([
        flowRecord({ family: 4, remote_address: bytes }),
        flowRecord({ family: 6, remote_address: bytes }),
      ]),
    );
    expect(reader.next() && reader.remoteAddress).toBe("32.1.13.184");
    expect(reader.next() && reader.remoteAddress).toBe("2001:db8::");
  });

  it("reads any bytes without a throw, and accounts for all of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 * FLOW_RECORD_SIZE + 50 }), (bytes) => {
        const reader = new FlowRecordReader();
        reader.reset(bytes);
        let valid = 0;
        while (reader.next()) {
          valid++;
          expect(reader.localAddress).not.toBe("");
          expect(reader.comm.length).toBeLessThanOrEqual(16);
        }
        expect(valid + reader.malformed).toBe(reader.received);
        expect(reader.received).toBe(Math.ceil(bytes.length / FLOW_RECORD_SIZE));
      }),
    );
  });
});
