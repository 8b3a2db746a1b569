/**
 * The addon runs its own kernel objects and no others: it has no way in for one, and a byte
 * changed in those it carries is noticed before anything reaches the kernel.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { canCapture } from "./support/kernel.ts";

const ADDON = fileURLToPath(new URL("../../build/native/probectl_bpf.node", import.meta.url));
const OBJECT = fileURLToPath(new URL("../../build/bpf/flow.bpf.o", import.meta.url));
const CALLER = fileURLToPath(new URL("./support/addon-caller.cjs", import.meta.url));
const RING_BYTES = 4096;
const TIMEOUT_MS = 30_000;

interface Report {
  exports: string[];
  methods: string[];
  verified: Attempt;
  captured: Attempt;
  descriptors: number;
}

interface Attempt {
  value?: unknown;
  name?: string;
  operation?: string;
  errno?: number;
  detail?: string;
}

let directory: string;

beforeEach((context) => requireOrSkip(context, canCapture(), "live capture"));
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "addon-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function call(addon: string, ...given: unknown[]): Report {
  const args = [CALLER, addon, ...given.map((value) => JSON.stringify(value))];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** A copy of the addon with one byte of its embedded object flipped. */
function tampered(position: number): string {
  const addon = readFileSync(ADDON);
  const start = addon.indexOf(readFileSync(OBJECT));
  expect(start, "the addon does not hold build/bpf/flow.bpf.o: build again").toBeGreaterThan(0);
  addon.writeUInt8(addon.readUInt8(start + position) ^ 1, start + position);
  const copy = join(directory, `flipped-${position}.node`);
  writeFileSync(copy, addon);
  return copy;
}

describe("the addon", () => {
  it("verifies, loads and attaches what was built into it", () => {
    const digest = createHash("sha256").update(readFileSync(OBJECT)).digest("hex");
    const report = call(ADDON, RING_BYTES);
    expect(report.verified).toEqual({ value: [{ name: "flow", sha256: digest }] });
    expect(report.captured.value).toBeGreaterThanOrEqual(6);
    expect(report.descriptors).toBeGreaterThanOrEqual(2 * Number(report.captured.value));
  });

  it("offers these names and no other", () => {
    const { exports, methods } = call(ADDON, RING_BYTES);
    expect(exports).toEqual([
      "FlowCapture",
      "flowRecordEnums",
      "flowRecordOffsets",
      "flowRecordSize",
      "verifyEmbeddedObjects",
    ]);
    expect(methods).toEqual([
      "beginSnapshot",
      "close",
      "constructor",
      "counters",
      "drain",
      "onReadable",
      "programs",
      "readSnapshot",
      "scan",
      "wantsScan",
      "watch",
    ]);
  });

  it.each([
    ["a path", [OBJECT]],
    ["a path beside the size", ["", OBJECT]],
    ["an options object", [{ path: OBJECT, object: OBJECT }]],
    ["nothing", []],
  ])("captures nothing when it is given %s", (_what, given) => {
    const { captured, descriptors } = call(ADDON, ...given);
    expect(captured.value).toBeUndefined();
    expect(descriptors).toBe(0);
  });

  it.each([0x40, 4000, -64])("refuses its objects when byte %i of them is flipped", (position) => {
    const size = readFileSync(OBJECT).length;
    const { verified, captured, descriptors } = call(
      tampered(position < 0 ? size + position : position),
      RING_BYTES,
    );
    const refusal = {
      name: "Error",
      operation: "verify the embedded objects",
      errno: 0,
      detail: "flow does not have the digest recorded when it was built",
    };
    expect([verified, captured]).toEqual([refusal, refusal]);
    expect(descriptors).toBe(0);
  });
});
