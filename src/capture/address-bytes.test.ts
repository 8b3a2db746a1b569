import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBytes } from "./address-bytes.ts";

describe("addressBytes", () => {
  it.each([
    ["192.0.2.1", [192, 0, 2, 1]],
    ["::ffff:192.0.2.1", [192, 0, 2, 1]],
    ["::FFFF:c000:0201", [192, 0, 2, 1]],
    ["::", new Array<number>(16).fill(0)],
    ["::1", [...new Array<number>(15).fill(0), 1]],
    ["64:ff9b::192.0.2.1", [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]],
    ["2001:db8::", [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(12).fill(0)]],
  ])("reads %s", (text, bytes) => {
    expect(addressBytes(text)).toEqual(bytes);
  });

  it.each(["", "localhost", "10.0.0", "10.0.0.256", "1:2", "fe80::1%eth0", "[::1]", "::1::"])(
    "refuses %j",
    (text) => {
      expect(addressBytes(text)).toBeUndefined();
    },
  );

  it("reads back every IPv6 address that is not IPv4-mapped", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = addressBytes(text);
        fc.pre(bytes?.length === 16);
        const groups = Array.from({ length: 8 }, (_, index) =>
          (((bytes?.[2 * index] ?? 0) << 8) | (bytes?.[2 * index + 1] ?? 0)).toString(16),
        );
        const canonical = (address: string) => new URL(`http://[${address}]/`).hostname;
        expect(canonical(groups.join(":"))).toBe(canonical(text));
      }),
    );
  });
});
