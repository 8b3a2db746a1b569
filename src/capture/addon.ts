/**
 * The native addon: the only file that loads it. Its surface is described in `native/addon.cc`;
 * the kernel objects are compiled into it, so there is no path to configure and none to give.
 */

import { createRequire } from "node:module";
import { AgentError } from "../model/errors.ts";
import { FLOW_RECORD_OFFSETS, FLOW_RECORD_SIZE } from "../model/flow-record.ts";

/** A program as it was proven, loaded and attached. */
export interface LoadedProgram {
  name: string;
  /** Tracepoint or iterator it is attached to. */
  target: string;
  attachType: "raw_tp" | "iter";
  /** The kernel's number of the loaded program. */
  id: number;
  instructions: number;
  /** BPF helper numbers it calls (include/uapi/linux/bpf.h). */
  helperIds: number[];
}

/** Counts since the programs were loaded, summed over all CPUs. */
export interface ProgramCounters {
  name: string;
  records: number;
  ringFull: number;
  mapFull: number;
  peerUnknown: number;
  ownerLost: number;
  missed: number;
}

export interface NativeFlowCapture {
  readonly programs: LoadedProgram[];
  onReadable(callback: () => void): void;
  watch(enabled: boolean): void;
  drain(bytes: Uint8Array): number;
  wantsScan(): boolean;
  scan(): void;
  beginSnapshot(datagramIdleNs: number): void;
  readSnapshot(bytes: Uint8Array): number;
  counters(): { programs: ProgramCounters[]; malformed: number };
  close(): void;
}

export interface NativeAddon {
  FlowCapture: new (ringBytes: number, oldestHooks: boolean) => NativeFlowCapture;
  flowRecordLayout: [field: string, offset: number, size: number][];
  flowRecordSize: number;
  verifyEmbeddedObjects(): { name: string; sha256: string }[];
}

/** What the addon throws: `errno` is 0 when the shim itself refused. */
export interface NativeError extends Error {
  operation: string;
  errno: number;
  detail: string;
  hint: string;
}

const ADDON_PATH = "../../build/native/probectl_bpf.node";

/** Whether this installation can capture live, and if not, why, in one line. */
export function addonStatus(): { compiled: boolean; reason: string } {
  try {
    loadAddon();
    return { compiled: true, reason: "" };
  } catch (error) {
    if (error instanceof AgentError) return { compiled: false, reason: error.message };
    throw error;
  }
}

/** Throws AgentError CAPTURE_UNAVAILABLE when the addon is absent or not of this version. */
export function loadAddon(): NativeAddon {
  if (process.platform !== "linux") {
    throw new AgentError(
      "CAPTURE_UNAVAILABLE",
      `eBPF exists on Linux only, this is ${process.platform}: run in a Linux VM or replay a fixture`,
    );
  }
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(ADDON_PATH) as NativeAddon;
  } catch (cause) {
    throw new AgentError(
      "CAPTURE_UNAVAILABLE",
      "the native addon is not built: run `npm run setup` where clang and libbpf-dev are installed, or replay a fixture",
      {},
      cause,
    );
  }
  checkLayout(addon);
  return addon;
}

/** The record's layout has one owner, the C header; a stale build of either side must not run. */
export function checkLayout(addon: Pick<NativeAddon, "flowRecordLayout" | "flowRecordSize">): void {
  const native = Object.fromEntries(
    addon.flowRecordLayout.map(([field, offset]) => [field, offset]),
  );
  const same =
    addon.flowRecordSize === FLOW_RECORD_SIZE &&
    addon.flowRecordLayout.length === Object.keys(FLOW_RECORD_OFFSETS).length &&
    Object.entries(FLOW_RECORD_OFFSETS).every(([field, offset]) => native[field] === offset);
  if (!same) {
    throw new AgentError(
      "CAPTURE_UNAVAILABLE",
      "the native addon was built for another version of this package: run `npm run setup`",
    );
  }
}
