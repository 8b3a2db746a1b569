import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as format from "./formats.ts";

/** The parsed value, or undefined when the text is refused. */
function parsed<T>(of: format.Format<T>, raw: format.RawValue): T | undefined {
  const result = of.parse(raw);
  return "value" in result ? result.value : undefined;
}

describe("duration", () => {
  it.each([
    ["10s", 10_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["1h", 3_600_000],
    ["1.5s", 1_500],
    [".5s", 500],
    ["1us", 1],
    ["1µs", 1],
    ["24h", 86_400_000],
  ])("reads %s", (text, ms) => {
    expect(parsed(format.duration(), text)).toBe(ms);
  });

  it.each(["", "10", "-10s", "10 s", "s", "1d", "1e3s", "10S", "0", "0s", "25h", ".s", "10s\n"])(
    "refuses %j",
    (text) => {
      expect(format.duration().parse(text)).toEqual({ bad: text });
    },
  );

  it("takes 0 where 0 has a meaning", () => {
    expect(parsed(format.duration("no bound"), "0")).toBe(0);
    expect(parsed(format.duration("no bound"), "0s")).toBe(0);
  });
});

describe("byteSize", () => {
  const size = format.byteSize(1, 2 ** 40);

  it.each([
    ["1", 1],
    ["67108864", 67_108_864],
    ["64MiB", 67_108_864],
    ["4KiB", 4096],
    ["1GiB", 1_073_741_824],
  ])("reads %s", (text, bytes) => {
    expect(parsed(size, text)).toBe(bytes);
  });

  it.each(["", "0", "64MB", "64 MiB", "1.5MiB", "-1", "0x10", "1e6", "2000GiB", "9".repeat(17)])(
    "refuses %j",
    (text) => {
      expect(parsed(size, text)).toBeUndefined();
    },
  );
});

describe("ringSize", () => {
  const ring = format.ringSize(268_435_456);

  it("rounds any size up to a power of two of at least a page", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 268_435_456 }), (bytes) => {
        const rounded = parsed(ring, String(bytes)) ?? 0;
        expect(Number.isInteger(Math.log2(rounded))).toBe(true);
        expect(rounded).toBeGreaterThanOrEqual(Math.max(bytes, 4096));
        expect(rounded === 4096 || rounded < 2 * bytes).toBe(true);
      }),
    );
  });

  it("refuses what is above the bound, and nothing", () => {
    expect(parsed(ring, "268435456")).toBe(268_435_456);
    expect(parsed(ring, "268435457")).toBeUndefined();
    expect(parsed(ring, "0")).toBeUndefined();
  });
});

describe("boolean", () => {
  it("takes true, false, 1 and 0 alone", () => {
    const texts = ["true", "1", "false", "0", "yes", "True", "on", "", " true"];
    expect(texts.map((text) => parsed(format.boolean, text))).toEqual([
      true,
      true,
      false,
      false,
      ...Array(5).fill(undefined),
    ]);
  });
});

describe("integer", () => {
  it("keeps to its bounds and to plain digits", () => {
    const texts = ["128", "4095", "127", "4096", "1e3", "0x80", "200.0", "", " 200", "+200"];
    expect(texts.map((text) => parsed(format.integer(128, 4095), text))).toEqual([
      128,
      4095,
      ...Array(8).fill(undefined),
    ]);
  });
});

describe("name", () => {
  const tenant = format.name(128, "|");

  it.each(["acme", "tenant one", "Ωmega", "007", "a".repeat(128)])("takes %j", (text) => {
    expect(parsed(tenant, text)).toBe(text);
  });

  it.each(["a|b", "a\nb", "a\u0000", "a\u202eb", " a", "a ", "a\u2028b", "a".repeat(129)])(
    "refuses %j",
    (text) => {
      expect(parsed(tenant, text)).toBeUndefined();
    },
  );
});

describe("listenAddress", () => {
  it.each([
    ["127.0.0.1:9469", { host: "127.0.0.1", port: 9469 }],
    ["[::1]:9469", { host: "::1", port: 9469 }],
    [":9469", { host: "", port: 9469 }],
    ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
    ["node-1.example:80", { host: "node-1.example", port: 80 }],
    ["off", null],
    ["", null],
  ])("reads %j", (text, address) => {
    expect(parsed(format.listenAddress, text)).toEqual(address);
  });

  it.each([
    "9469",
    "127.0.0.1",
    "::1:80",
    "[::1]",
    "host:65536",
    "host:",
    "a b:1",
    "[zz]:1",
    "1.2:3",
  ])("refuses %j", (text) => {
    expect(parsed(format.listenAddress, text)).toBeUndefined();
  });

  it("is written back as it was read", () => {
    for (const text of ["127.0.0.1:1", "[::1]:2", ":3"]) {
      const address = parsed(format.listenAddress, text);
      expect(address && format.listenAddressText(address)).toBe(text);
    }
  });
});

describe("loopbackAddress", () => {
  it.each([
    ["127.0.0.1:8612", "127.0.0.1"],
    ["127.9.9.9:0", "127.9.9.9"],
    ["[::1]:8612", "::1"],
    ["localhost:8612", "127.0.0.1"],
  ])("takes %s", (text, host) => {
    expect(parsed(format.loopbackAddress, text)?.host).toBe(host);
  });

  it.each([
    "0.0.0.0:8612",
    ":8612",
    "[::]:8612",
    "192.168.0.1:8612",
    "[::ffff:127.0.0.1]:8612",
    "127.1:8612",
    "127.0.0.1.example:8612",
    "localhost.example:8612",
    "127.0.0.1",
  ])("refuses %s", (text) => {
    expect(parsed(format.loopbackAddress, text)).toBeUndefined();
  });
});

describe("lists", () => {
  const brokers = format.listOf(format.serverAddress);

  it("are a sequence, or one text with commas", () => {
    expect(parsed(brokers, "a:1, b:2")).toEqual(["a:1", "b:2"]);
    expect(parsed(brokers, ["a:1", "b:2"])).toEqual(["a:1", "b:2"]);
    expect(parsed(brokers, "")).toEqual([]);
  });

  it.each([
    ["a:1,b", "b"],
    ["a:1,,b:2", ""],
    ["a:0", "a:0"],
    ["[::1]:9093", "[::1]:9093"],
  ])("name the bad item of %j", (text, bad) => {
    expect(brokers.parse(text)).toEqual({ bad });
  });
});

it("a scalar takes no sequence", () => {
  expect(format.boolean.parse(["true"])).toEqual({ bad: ["true"] });
});
