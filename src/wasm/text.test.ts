import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexText, visibleText } from "./text.ts";

const text = (...bytes: number[]): string => visibleText(Uint8Array.from(bytes), 0, bytes.length);
const utf8 = (value: string): string => text(...Buffer.from(value, "utf8"));

describe("visibleText", () => {
  it.each(["", "/a b?~", "/caf\u00e9/\u4f60\u597d/\u{1f600}", "C:\\x41"])("keeps %j", (value) => {
    expect(utf8(value)).toBe(value);
  });

  it.each([
    ["a control", [0x61, 0, 0x0a, 0x1b, 0x7f], "a\\x00\\x0a\\x1b\\x7f"],
    ["a C1 control", [0xc2, 0x9b], "\\xc2\\x9b"],
    ["a mark of direction", [0xe2, 0x80, 0xae, 0x62], "\\xe2\\x80\\xaeb"],
    ["a line separator", [0xe2, 0x80, 0xa8], "\\xe2\\x80\\xa8"],
    ["a lone byte", [0x61, 0xff, 0x62], "a\\xffb"],
    ["a lone continuation", [0x80, 0x61], "\\x80a"],
    ["a sequence cut short", [0xe2, 0x82], "\\xe2\\x82"],
    ["a sequence cut by a letter", [0xe2, 0x82, 0x41], "\\xe2\\x82A"],
    ["an overlong sequence", [0xc0, 0xaf], "\\xc0\\xaf"],
    ["an overlong sequence of three", [0xe0, 0x80, 0xaf], "\\xe0\\x80\\xaf"],
    ["a surrogate", [0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    ["what is beyond Unicode", [0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"],
  ])("escapes %s", (_what, bytes, expected) => {
    expect(text(...bytes)).toBe(expected);
  });

  it("reads only what it is told to", () => {
    expect(visibleText(Uint8Array.of(0x61, 0xc3, 0xa9), 0, 2)).toBe("a\\xc3");
  });

  it("agrees with the platform on what is UTF-8", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const isValid = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch (error) {
        if (error instanceof TypeError) return false;
        throw error;
      }
    };
    const lead = fc.constantFrom(0xc2, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0x80, 0x41);
    const next = fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0x7f, 0x41);
    fc.assert(
      fc.property(lead, fc.array(next, { maxLength: 4 }), (first, rest) => {
        const bytes = Uint8Array.of(first, ...rest);
        const shown = visibleText(bytes, 0, bytes.length);
        const seen = isValid(bytes) ? decoder.decode(bytes) : "";
        // Unassigned characters are valid and yet escaped.
        if (!isValid(bytes)) expect(shown).toContain("\\x");
        else if (!shown.includes("\\x")) expect(shown).toBe(seen);
      }),
    );
  });
});

it("hexText is two digits a byte", () => {
  expect(hexText(Uint8Array.of(0, 0x0f, 0xa1))).toBe("000fa1");
});
