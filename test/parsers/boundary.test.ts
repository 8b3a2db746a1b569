/** The boundary of the parser module, whatever protocol is behind it. */
import { describe, expect, it } from "vitest";
import {
  createParsers,
  type Ends,
  type FlowRecord,
  type Parsers,
  ParsersTrapped,
} from "../../src/wasm/parsers.ts";
import { hasOnlyConstants, memoryPages } from "../support/wasm-sections.ts";
import { endsOf, findInMemory, newParsers, parsersWasm, stream } from "./harness.ts";

/** No protocol takes this for its own. */
const SECRET = "\u0001\u0002#zq-S3CRET-qz#";

const flowsOf = (parsers: Parsers, ends: Ends, timeNs: bigint): FlowRecord[] =>
  parsers.end(ends, timeNs).filter((record) => record.kind === "flow");

describe("parsers.wasm", () => {
  it("imports nothing", () => {
    const module = new WebAssembly.Module(Uint8Array.from(parsersWasm()));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  it("has a fixed memory, and nothing outside it", () => {
    expect(memoryPages(parsersWasm())).toEqual({ initial: 800, maximum: 800 });
    expect(hasOnlyConstants(parsersWasm())).toBe(true);
  });

  it("is refused when it is of another release", () => {
    const other = Uint8Array.from(parsersWasm());
    const name = Buffer.from("ENDS_BYTES");
    const at = Buffer.from(other).indexOf(name);
    expect(at).toBeGreaterThan(0);
    other[at] = 0x58;
    expect(() => createParsers(other)).toThrow(
      expect.objectContaining({
        code: "CAPTURE_FAILED",
        message: expect.stringMatching(/exports/),
      }),
    );
    expect(() => createParsers(Uint8Array.of(1, 2))).toThrow("does not compile");
  });

  it("is refused when it answers wrongly", () => {
    const wrong = Uint8Array.from(parsersWasm());
    const at = Buffer.from(wrong).indexOf(Buffer.from("a.org", "utf16le"));
    expect(at).toBeGreaterThan(0);
    wrong[at] = 0x62;
    expect(() => createParsers(wrong)).toThrow(/self-test failed at answer 14/);
  });
});

describe("chunks", () => {
  it("die in place when nobody knows them", () => {
    const parsers = newParsers();
    const { calls, redacted } = stream(parsers, [{ client: SECRET.repeat(20) }]);
    expect([calls, redacted]).toEqual([[], ["~".repeat(20 * SECRET.length)]]);
    expect(findInMemory(parsers, "S3CRET")).toBe(-1);
    const size = BigInt(20 * SECRET.length);
    expect(parsers.counters()).toMatchObject({ bytes: size, bytes_redacted: size });
  });

  it("that are larger than the input are taken in parts", () => {
    const parsers = newParsers({ flows: true });
    const bytes = new Uint8Array(3_000_001).fill(0x07);
    expect(parsers.chunk(endsOf(9), "client", bytes, 1n)).toEqual([]);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(flowsOf(parsers, endsOf(9), 2n)[0]?.bytesSent).toBe(3_000_001n);
  });

  it("of the mode full are left as they are", () => {
    const { redacted } = stream(newParsers({ redaction: "full" }), [{ client: SECRET }]);
    expect(redacted).toEqual([SECRET]);
  });

  it("of the mode length are not looked at", () => {
    const parsers = newParsers({ redaction: "length" });
    const request = "GET /private HTTP/1.1\r\nHost: a\r\n\r\n";
    const { calls, redacted } = stream(parsers, [
      { client: request },
      { server: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" },
    ]);
    expect([calls, redacted[0]]).toEqual([[], "~".repeat(request.length)]);
    expect(findInMemory(parsers, "private")).toBe(-1);
  });

  it("of ends that are none are a bug of the caller", () => {
    const parsers = newParsers();
    const good = endsOf(80);
    const short = { ...good, client: { ...good.client, address: new Uint8Array(3) } };
    const mixed = { ...good, server: { ...good.server, address: new Uint8Array(16) } };
    const port = { ...good, server: { ...good.server, port: 65_536 } };
    for (const ends of [short, mixed, port]) {
      expect(() => parsers.chunk(ends, "client", new Uint8Array(1), 1n)).toThrow(RangeError);
    }
    expect(parsers.counters().parser_traps).toBe(0n);
  });
});

describe("connections", () => {
  it("are told with their ends, times and sizes, the client first whoever spoke first", () => {
    const parsers = newParsers({ flows: true });
    const address = (last: number) => Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), last);
    const ends: Ends = {
      transport: "udp",
      client: { address: address(1), port: 50_000 },
      server: { address: address(2), port: 443 },
    };
    parsers.chunk(ends, "server", new Uint8Array(7), 1_000n);
    parsers.chunk(ends, "client", new Uint8Array(5), 4_000n);
    parsers.chunk(ends, "client", new Uint8Array(5), 5_000n);
    expect(flowsOf(parsers, ends, 9_000n)).toEqual([
      {
        kind: "flow",
        connection: 0,
        protocol: "",
        transport: "udp",
        networkType: "ipv6",
        source: { address: "2001:db8::1", port: 50_000 },
        destination: { address: "2001:db8::2", port: 443 },
        startNs: 1_000n,
        durationNs: 8_000n,
        bytesSent: 10n,
        packetsSent: 2,
        bytesReceived: 7n,
        packetsReceived: 1,
      },
    ]);
  });

  it("are ended all together, in batches, however many they are", () => {
    const parsers = newParsers({ flows: true });
    for (let number = 0; number < 5_000; number++) {
      parsers.chunk(endsOf(9, number), "client", Uint8Array.of(7), 1n);
    }
    const batches = [...parsers.endAll()].map((records) => records.length);
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.reduce((sum, size) => sum + size, 0)).toBe(5_000);
    expect([...parsers.endAll()]).toEqual([]);
  });

  it("beyond the bound make the one that was quiet longest end, counted", () => {
    const parsers = newParsers({ flows: true });
    const records = [];
    for (let number = 0; number < 8_200; number++) {
      records.push(...parsers.chunk(endsOf(9, number), "client", Uint8Array.of(7), 1n));
    }
    expect(records.map(({ source }) => source.port)).toEqual(
      Array.from({ length: 8 }, (_none, number) => 40_000 + number),
    );
    expect(parsers.counters().conns_evicted).toBe(8n);
  });

  it("count their gaps", () => {
    const parsers = newParsers();
    stream(parsers, [{ client: "\u0001" }, { gap: "client", size: 5 }, { gap: "server", size: 0 }]);
    expect(parsers.counters()).toMatchObject({ gaps: 2n, gap_bytes: 5n });
  });
});

describe("reset", () => {
  it("leaves a memory like that of a new instance", () => {
    const parsers = newParsers({ redaction: "full", flows: true });
    const fresh = Buffer.from(newParsers().memory());
    stream(parsers, [{ client: SECRET }, { gap: "client", size: 3 }], { open: true });
    expect(findInMemory(parsers, "S3CRET")).toBeGreaterThan(0);
    parsers.reset({});
    expect(Buffer.from(parsers.memory()).equals(fresh)).toBe(true);
  });

  it("takes new options, and keeps the old ones when none are given", () => {
    const parsers = newParsers({ flows: true });
    const ended = () => {
      parsers.chunk(endsOf(9), "client", Uint8Array.of(7), 1n);
      return parsers.end(endsOf(9), 1n).length;
    };
    expect(ended()).toBe(1);
    parsers.reset();
    expect(ended()).toBe(1);
    parsers.reset({});
    expect(ended()).toBe(0);
  });

  it("refuses a hint for what is no port", () => {
    expect(() => newParsers({ hints: new Map([[65_536, "dns"]]) })).toThrow(RangeError);
  });
});

describe("a trap", () => {
  /** Variables of the module (CTX in assembly/core/memory.ts): as a bug could leave them. */
  const VARIABLES = [0x20000, 0x21000] as const;

  it("costs what was known, leaves no byte behind, and the next chunk finds a new module", () => {
    const clock = { ms: 0 };
    const parsers = createParsers(parsersWasm(), { flows: true }, () => clock.ms);
    const broken = parsers.memory();
    broken.fill(0xff, ...VARIABLES);
    const bytes = Uint8Array.from(Buffer.from(SECRET));
    expect(() => parsers.chunk(endsOf(9), "client", bytes, 1n)).toThrow(ParsersTrapped);
    expect(bytes.some((byte) => byte !== 0)).toBe(false);
    expect(broken.some((byte) => byte !== 0)).toBe(false);
    parsers.chunk(endsOf(9), "client", Uint8Array.of(7), 1n);
    expect(flowsOf(parsers, endsOf(9), 2n)).toHaveLength(1);
    expect(parsers.counters().parser_traps).toBe(1n);
  });
});
