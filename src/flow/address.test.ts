import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIpv4, formatIpv6, isLoopback, isUnspecified } from "./address.ts";

function ipv6(groups: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(16));
  groups.forEach((group, index) => {
    view.setUint16(2 * index, group);
  });
  return formatIpv6(view, 0);
}

describe("address text", () => {
  it("writes IPv4 dotted", () => {
    expect(formatIpv4(new DataView(Uint8Array.of(9, 192, 0, 2, 255).buffer), 1)).toBe(
      "192.0.2.255",
    );
  });

  it.each<[string, number[]]>([
    ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["::1", [0, 0, 0, 0, 0, 0, 0, 1]],
    ["1::", [1, 0, 0, 0, 0, 0, 0, 0]],
    ["2001:db8::1", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ["2001:db8:0:1:1:1:1:1", [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]],
    ["2001:0:0:1::1", [0x2001, 0, 0, 1, 0, 0, 0, 1]],
    ["2001:db8::1:0:0:1", [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
    ["fe80::abcd:ef01", [0xfe80, 0, 0, 0, 0, 0, 0xabcd, 0xef01]],
    ["::ffff:192.0.2.1", [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
  ])("writes %s", (text, groups) => {
    expect(ipv6(groups)).toBe(text);
  });

  it("agrees with the URL serializer for every address but the IPv4-mapped ones", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        fc.pre(!ipv6(groups).includes("."));
        const plain = groups.map((value) => value.toString(16)).join(":");
        expect(`[${ipv6(groups)}]`).toBe(new URL(`http://[${plain}]/`).hostname);
      }),
    );
  });

  it("knows this host's own addresses", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1"].every(isLoopback)).toBe(true);
    expect(["12.7.0.1", "::", "10.127.0.1"].some(isLoopback)).toBe(false);
    expect(["0.0.0.0", "::"].every(isUnspecified)).toBe(true);
    expect(isUnspecified("0.0.0.1")).toBe(false);
  });
});
