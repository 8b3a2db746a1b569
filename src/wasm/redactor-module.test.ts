/** The module itself: what is in the binary, and that nothing else is taken for it. */
import { describe, expect, it } from "vitest";
import { newRedactor, readRedactWasm } from "../../test/support/redact.ts";
import { hasOnlyConstants, memoryPages, section } from "../../test/support/wasm-sections.ts";
import { createRedactor } from "./redactor.ts";

const wasm = readRedactWasm();

function patched(find: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(wasm);
  const where = Buffer.from(copy).indexOf(find);
  expect(where, "bytes to patch").toBeGreaterThan(0);
  copy[where + at] = value;
  return copy;
}

describe("redact.wasm", () => {
  it("imports nothing and exports only the interface", () => {
    const module = new WebAssembly.Module(wasm);
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    const constants = ["SLOT_COUNT", "STAGING_PTR", "STAGING_SIZE"];
    expect(names.sort()).toEqual([...constants, "memory", "redact", "reset", "selfTest"]);
  });

  it("has a memory of 16 pages that cannot grow", () => {
    expect(memoryPages(wasm)).toEqual({ initial: 16, maximum: 16 });
    expect(newRedactor().staging.buffer.byteLength).toBe(16 * 65_536);
  });

  it("keeps no state outside the memory: every global is a constant", () => {
    expect(hasOnlyConstants(wasm)).toBe(true);
  });

  it("was built with SIMD and bulk memory", () => {
    const code = Buffer.from(section(wasm, 10));
    const instructions = {
      "i8x16.bitmask": "fd64",
      "i8x16.swizzle": "fd0e",
      "memory.fill": "fc0b00",
    };
    for (const [name, bytes] of Object.entries(instructions)) {
      expect(code.includes(bytes, 0, "hex"), name).toBe(true);
    }
  });
});

describe("createRedactor", () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const importing = Uint8Array.of(...empty, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0);
  const growing = patched(Uint8Array.of(5, 4, 1, 1, 16, 16), 5, 17);
  const wrong = patched(Buffer.from("transfer-encoding", "utf16le"), 0, 0x6b);

  it.each([
    ["what is not WASM", Uint8Array.of(1, 2, 3), "does not compile"],
    ["imports", importing, "has imports"],
    ["other exports", empty, "exports are not those"],
    ["a memory that grows", growing, "memory can grow"],
    ["wrong answers", wrong, "self-test failed"],
  ])("refuses %s", (_what, bytes, reason) => {
    expect(() => createRedactor(bytes)).toThrow(
      expect.objectContaining({
        code: "CAPTURE_FAILED",
        message: expect.stringMatching(new RegExp(`${reason}.*reinstall`)),
      }),
    );
  });

  it("refuses a slot or a range that does not exist", () => {
    const redactor = newRedactor();
    const { slotCount } = redactor;
    const size = redactor.staging.length;
    for (const slot of [-1, 0.5, slotCount, Number.NaN]) {
      expect(() => redactor.redact(slot, 0, 1)).toThrow(RangeError);
      expect(() => redactor.reset(slot)).toThrow(RangeError);
    }
    for (const [offset, length] of [
      [-1, 1],
      [0, size + 1],
      [size, 1],
      [1, -1],
      [0, 2 ** 32],
    ] as const) {
      expect(() => redactor.redact(0, offset, length)).toThrow(RangeError);
    }
    expect(redactor.redact(slotCount - 1, size, 0)).toBe(0);
  });

  it("leaves no trace of its self-test", () => {
    expect(newRedactor().staging.every((byte) => byte === 0)).toBe(true);
  });
});
