/** The host's numbers are those of the module's sources. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as abi from "./abi.ts";

const source = (path: string): string =>
  readFileSync(new URL(`../../assembly/${path}`, import.meta.url), "utf8");

/** `name -> number` of the constants `PREFIX_NAME: type = number` of a source. */
function constants(path: string, prefix: string): Map<string, number> {
  const pattern = new RegExp(`export const ${prefix}(\\w+): \\w+ = ([^;]+);`, "g");
  return new Map(
    [...source(path).matchAll(pattern)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      numberOf(value),
    ]),
  );
}

/** A decimal or hex number, or one shifted. */
function numberOf(text: string): number {
  const [, base = "", shift = "0"] = /^(\w+)(?: << (\d+))?$/.exec(text) ?? [];
  return Number(base) * 2 ** Number(shift);
}

describe("the copies of", () => {
  it("notes are complete and in their place", () => {
    const notes = constants("core/call.ts", "NOTE_");
    expect(notes.size).toBeGreaterThan(0);
    expect([...notes]).toEqual(abi.NOTES.map((name, bit) => [name, 2 ** bit]));
  });

  it("counters are complete and in their place", () => {
    const counters = constants("core/counters.ts", "COUNT_");
    expect(counters.size).toBeGreaterThan(0);
    expect(Object.fromEntries(counters)).toEqual(abi.COUNTERS);
  });

  it("protocols, redaction modes and resource modes have their numbers", () => {
    expect(Object.fromEntries(constants("core/conn-layout.ts", "PROTO_"))).toEqual({
      none: 0,
      dead: 1,
      ...numbersOf(abi.PROTOCOLS, 2),
    });
    expect(Object.fromEntries(constants("core/ctx.ts", "MODE_"))).toEqual(numbersOf(abi.MODES));
    expect(Object.fromEntries(constants("core/ctx.ts", "RESOURCE_"))).toEqual(
      numbersOf(abi.RESOURCE_MODES),
    );
  });

  it("row kinds, flags and sizes are right", () => {
    const rows = constants("core/out.ts", "ROW_");
    expect(Object.fromEntries(rows)).toEqual({
      call: abi.ROW_CALL,
      flow: abi.ROW_FLOW,
      flag_error: abi.ROW_FLAG.error,
      flag_encrypted: abi.ROW_FLAG.encrypted,
      flag_trace: abi.ROW_FLAG.trace,
      flag_method_is_resource: abi.ROW_FLAG.methodIsResource,
    });
    expect(constants("core/memory.ts", "ROW_").get("size")).toBe(abi.ROW_BYTES);
    expect(constants("parsers.ts", "").get("ends_bytes")).toBe(abi.ENDS_BYTES);
    expect(constants("parsers.ts", "").get("abi_version")).toBe(abi.ABI_VERSION);
    expect(constants("parsers.ts", "").get("bad_call")).toBe(abi.BAD_CALL);
  });

  it("faults of captures have their numbers", () => {
    const faults = [...constants("pcap/file-state.ts", "CAPTURE_").values()];
    expect(faults).toEqual(abi.CAPTURE_FAULTS.map((_name, number) => number));
  });
});

function numbersOf(names: readonly string[], from = 0): Record<string, number> {
  return Object.fromEntries([...names.entries()].slice(from).map(([at, name]) => [name, at]));
}
