import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPort,
  formatSocket,
  isAddress,
  printable,
  shorten,
} from "./format.js";

describe("printable", () => {
  it.each([
    ["nginx", "nginx"],
    ["日本 é", "日本 é"],
    ["a\u202egnp.exe", "a\ufffdgnp.exe"],
    ["a\u0000\u001b[31m\n\u007f\u0085", "a\ufffd\ufffd[31m\ufffd\ufffd\ufffd"],
    ["\u200b\u200f\u2028\u2066\ufeff", "\ufffd\ufffd\ufffd\ufffd\ufffd"],
    ["\ud800", "\ufffd"],
  ])("%j becomes %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe("shorten", () => {
  it("keeps both ends and exactly the length that fits", () => {
    expect(shorten("abcdefghij", 10)).toBe("abcdefghij");
    expect(shorten("abcdefghijk", 10)).toBe("abcdef…ijk");
    expect([...shorten("界".repeat(40), 23)]).toHaveLength(23);
  });
});

describe("numbers", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [10_240, "10 KiB"],
    [5 * 1024 ** 3, "5.0 GiB"],
    [2 ** 70, "1048576 PiB"],
  ])("%d bytes are %s", (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });

  it.each([
    [0.04, "0.04 ms"],
    [12.8, "13 ms"],
    [1_840, "1.8 s"],
    [61_000, "1 m 1 s"],
    [3_600_000, "1 h 0 m"],
    [49 * 3_600_000, "2 d 1 h"],
  ])("%d ms are %s", (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });

  it("are grouped, then compact", () => {
    expect(formatCount(999_999)).toBe("999,999");
    expect(formatCount(1_250_000)).toBe("1.3M");
  });
});

describe("addresses", () => {
  it("are told from names", () => {
    for (const name of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "::"]) {
      expect(isAddress(name)).toBe(true);
    }
    for (const name of ["nginx", "a:b", "face", "1.2.3", "nginx@0123456789ab", "dead:beef", ""]) {
      expect(isAddress(name)).toBe(false);
    }
  });

  it("are decided in time linear to a hostile name", () => {
    const before = performance.now();
    expect(isAddress(`${":".repeat(200_000)}x`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(500);
  });

  it("have brackets in IPv6 and a transport when it is not TCP", () => {
    expect(formatSocket("192.0.2.1", 80)).toBe("192.0.2.1:80");
    expect(formatSocket("2001:db8::1", 80)).toBe("[2001:db8::1]:80");
    expect(formatPort({ destinationPort: 443, transport: "tcp" })).toBe("443");
    expect(formatPort({ destinationPort: 53, transport: "udp" })).toBe("53/udp");
  });
});
