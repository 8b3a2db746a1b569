/** Capture files: every format gives the same packets, however it is read; no byte of it traps. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BASE_NS, ethernet, ipv4, type Packet, packet, pcap, pcapng, udp } from "./packets.ts";
import { type Captured, type NetModule, netModule } from "./support/net-module.ts";

const PACKETS = 16;
const PACKETS_UNDECODED = 18;
const PACKETS_TRUNCATED = 19;
const BLOCKS_SKIPPED = 27;
const NOT_A_CAPTURE = 1;
const TRUNCATED = 2;
const BAD_BLOCK = 3;
const BAD_SECTION = 4;
const FILE_HEAD = 24;

let module: NetModule;
beforeAll(async () => {
  module = await netModule();
});

/** A datagram of its own connection, with the number as content. */
const numbered = (number: number, timeNs?: bigint): Packet => ({
  bytes: ethernet(0x0800, ipv4({ protocol: 17 }, udp(1000 + number, 2000, `number ${number}`))),
  ...(timeNs === undefined ? {} : { timeNs }),
});
const three = [0, 1, 2].map((number) => numbered(number, BASE_NS + BigInt(number)));
const texts = ({ events }: Captured) => events.map(({ text }) => text);
const THREE = ["number 0", "number 1", "number 2"];
const times = ({ events }: Captured) => events.map(({ timeNs }) => timeNs - BASE_NS);

describe("pcap", () => {
  it.each([
    ["microseconds", {}, [0n, 0n, 0n]],
    ["microseconds, big endian", { bigEndian: true }, [0n, 0n, 0n]],
    ["nanoseconds", { nano: true }, [0n, 1n, 2n]],
    ["nanoseconds, big endian", { nano: true, bigEndian: true }, [0n, 1n, 2n]],
    ["modified", { modified: true }, [0n, 0n, 0n]],
  ])("is read with %s", (_name, options, expected) => {
    const captured = module.capture(pcap(three, options));
    expect(texts(captured)).toEqual(THREE);
    expect(times(captured)).toEqual(expected);
    expect(captured.error).toBe(0);
  });

  it("tells a cut packet's real size", () => {
    const { bytes } = numbered(0);
    const captured = module.capture(
      pcap([{ bytes: bytes.subarray(0, 46), original: bytes.length }]),
    );
    expect(captured.events).toMatchObject([{ text: "numb" }]);
    expect(captured.counter(PACKETS_TRUNCATED)).toBe(1);
  });

  it("takes lengths of old versions in either order", () => {
    const file = pcap([{ bytes: three[0]?.bytes ?? new Uint8Array(), original: 30 }]);
    new DataView(file.buffer).setUint16(6, 3, true);
    const record = new DataView(file.buffer, FILE_HEAD);
    record.setUint32(8, 400, true);
    record.setUint32(12, three[0]?.bytes.length ?? 0, true);
    expect(texts(module.capture(file))).toEqual(["number 0"]);
  });

  it("gives what was whole of a file that was cut anywhere", () => {
    const file = pcap(three);
    const record = (file.length - FILE_HEAD) / 3;
    for (let size = 4; size < file.length; size++) {
      const captured = module.capture(file.subarray(0, size));
      const whole = Math.max(0, Math.floor((size - FILE_HEAD) / record));
      expect(texts(captured)).toEqual(THREE.slice(0, whole));
      const isCut = size < FILE_HEAD || (size - FILE_HEAD) % record !== 0;
      expect(captured.error).toBe(isCut ? TRUNCATED : 0);
      if (isCut)
        expect(captured.errorOffset).toBe(size < FILE_HEAD ? 0 : FILE_HEAD + whole * record);
    }
  });

  it("passes over a record that is larger than the input, and counts it", () => {
    const huge = { bytes: new Uint8Array(3_000_000).fill(7) };
    const captured = module.capture(pcap([numbered(0), huge, numbered(1)]));
    expect(texts(captured)).toEqual(["number 0", "number 1"]);
    expect(captured.counter(PACKETS)).toBe(3);
    expect(captured.counter(PACKETS_UNDECODED)).toBe(1);
  });
});

describe("what is no capture", () => {
  it.each([
    ["nothing", new Uint8Array(0)],
    ["three bytes", Uint8Array.of(0xd4, 0xc3, 0xb2)],
    ["a text", new TextEncoder().encode("not a capture at all\n".repeat(100))],
    ["zeros", new Uint8Array(5000)],
  ])("is told of %s", (_name, file) => {
    const captured = module.capture(file);
    expect([captured.counter(PACKETS), captured.errorOffset]).toEqual([0, 0]);
    // Three bytes are the beginning of something, but of what nobody knows.
    expect(captured.error).toBe(file.length === 3 ? TRUNCATED : NOT_A_CAPTURE);
  });
});

describe.each([
  ["little", false],
  ["big", true],
])("pcapng, %s endian", (_name, bigEndian) => {
  const ng = pcapng(bigEndian);
  const [first, second, last] = three as [Packet, Packet, Packet];
  const micro = BASE_NS / 1000n;
  const join = (...blocks: Uint8Array[]) => Uint8Array.from(Buffer.concat(blocks));

  it("is read with all three kinds of packets", () => {
    const file = join(
      ng.section(),
      ng.describe(1),
      ng.enhanced(0, micro, first, ng.option(1, new TextEncoder().encode("a comment"))),
      ng.old(0, micro + 1n, second),
      ng.simple(last),
    );
    const captured = module.capture(file);
    expect(texts(captured)).toEqual(THREE);
    expect(times(captured)).toEqual([0n, 1000n, 1000n]);
    expect(captured.error).toBe(0);
  });

  it.each([
    ["10^-9", 9, BASE_NS + 7n, BASE_NS + 7n],
    ["10^-3", 3, 1_700_000_000_007n, BASE_NS + 7_000_000n],
    ["10^-12", 12, 3_000_007_000n, 3_000_007n],
    ["10^-127", 127, 1n << 63n, 0n],
    ["2^-10", 0x8a, 1_700_000_000n * 1024n + 512n, BASE_NS + 500_000_000n],
    ["2^-34", 0x80 | 34, (70n << 34n) + (1n << 32n), 70_250_000_000n],
    ["2^-127", 0xff, 1n << 63n, 0n],
  ])("has times in units of %s s", (_unit, resolution, units, expected) => {
    const description = ng.describe(1, 0, ng.option(9, [resolution]));
    const captured = module.capture(join(ng.section(), description, ng.enhanced(0, units, first)));
    expect(captured.events.map(({ timeNs }) => timeNs)).toEqual([expected]);
  });

  it("adds the time offset of the interface", () => {
    const offset = bigEndian ? [0, 0, 0, 0, 0, 0, 0, 10] : [10, 0, 0, 0, 0, 0, 0, 0];
    const description = ng.describe(1, 0, ng.option(14, offset));
    const captured = module.capture(join(ng.section(), description, ng.enhanced(0, micro, first)));
    expect(times(captured)).toEqual([10_000_000_000n]);
  });

  it("keeps the interfaces of sections and their link types apart", () => {
    const raw = { bytes: second.bytes.subarray(14) };
    const file = join(
      ng.section(),
      ng.describe(147),
      ng.describe(1),
      ng.enhanced(1, micro, first),
      ng.enhanced(0, micro, last),
      ng.section(),
      ng.describe(101),
      ng.enhanced(0, micro, raw),
      ng.enhanced(1, micro, last),
    );
    const captured = module.capture(file);
    expect(texts(captured)).toEqual(THREE.slice(0, 2));
    expect(captured.counter(PACKETS)).toBe(4);
    expect(captured.counter(PACKETS_UNDECODED)).toBe(2);
  });

  it("cuts simple packets at the snap length of the first interface", () => {
    const cut = { bytes: first.bytes.subarray(0, 46), original: first.bytes.length };
    const captured = module.capture(join(ng.section(), ng.describe(1, 46), ng.simple(cut)));
    expect(texts(captured)).toEqual(["numb"]);
  });

  it("passes over other blocks, and counts them; custom ones as packets", () => {
    const noise = [4, 5, 10, 0x1234].map((type) => ng.block(type, new Uint8Array(40).fill(9)));
    const custom = ng.block(0xbad, new Uint8Array(40).fill(9));
    const file = join(ng.section(), ...noise, ng.describe(1), custom, ng.enhanced(0, micro, first));
    const captured = module.capture(file);
    expect(texts(captured)).toEqual(["number 0"]);
    expect(captured.counter(BLOCKS_SKIPPED)).toBe(4);
    expect(captured.counter(PACKETS)).toBe(2);
  });

  it("passes over a block that is larger than the input", () => {
    const huge = ng.block(10, new Uint8Array(3_000_000).fill(9));
    const file = join(ng.section(), ng.describe(1), huge, ng.enhanced(0, micro, first), huge);
    const captured = module.capture(file, { piece: 70_000 });
    expect(texts(captured)).toEqual(["number 0"]);
    expect(captured.error).toBe(0);
  });

  it("stops at a block whose length cannot be, and says where", () => {
    const good = join(ng.section(), ng.describe(1), ng.enhanced(0, micro, first));
    for (const length of [0, 4, 8, 11, 13, 16, 33]) {
      const bad = join(
        Uint8Array.from(ng.u32(6)),
        Uint8Array.from(ng.u32(length)),
        new Uint8Array(40),
      );
      const captured = module.capture(join(good, bad));
      expect(texts(captured)).toEqual(["number 0"]);
      expect([captured.error, captured.errorOffset]).toEqual([BAD_BLOCK, good.length]);
    }
  });

  it("stops at a section of another version", () => {
    const captured = module.capture(
      join(ng.section(2), ng.describe(1), ng.enhanced(0, micro, first)),
    );
    expect([captured.error, captured.errorOffset]).toEqual([BAD_SECTION, 0]);
    expect(captured.counter(PACKETS)).toBe(0);
  });
});

describe("reading", () => {
  const many = [...Array(400).keys()].map((number) => numbered(number));
  const segments = [...Array(60).keys()].map((index) =>
    packet({ from: "client", sequence: 1 + index * 1000, payload: "z".repeat(1000) }),
  );
  const ng = pcapng();
  const files = {
    pcap: pcap([...many, ...segments]),
    pcapng: Uint8Array.from(
      Buffer.concat([ng.section(), ng.describe(1), ...many.map((one) => ng.enhanced(0, 1n, one))]),
    ),
  };

  it.each(Object.entries(files))("gives the same of %s for any pieces", (_name, file) => {
    const whole = module.capture(file);
    const pieces = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 5000 }));
    fc.assert(
      fc.property(pieces, (piece) => {
        const captured = module.capture(file, { piece });
        expect(captured.events).toEqual(whole.events);
        expect(captured.counter(PACKETS)).toBe(whole.counter(PACKETS));
      }),
      { numRuns: 12 },
    );
  });

  it("survives any bytes behind any beginning", () => {
    const start = fc.constantFrom(
      pcap(three),
      pcap(three, { bigEndian: true, link: 105 }),
      pcap(three, { link: 127 }),
      pcap(three, { link: 113 }),
      files.pcapng.subarray(0, 500),
    );
    const change = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 12 });
    const tail = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(start, change, tail, (bytes, changes, rest) => {
        const file = Uint8Array.from(Buffer.concat([bytes, rest]));
        for (const [at, value] of changes) if (at < file.length) file[at] = value;
        const captured = module.capture(file);
        expect(captured.error).toBeLessThanOrEqual(BAD_SECTION);
        expect(module.blocksInUse).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});
