/**
 * The native addon: the only file that loads it. Its surface is described in `native/addon.cc`;
 * the kernel objects are compiled into it, so there is no path to configure and none to give.
 */

import { createRequire } from "node:module";
import { AgentError } from "../model/errors.ts";
import {
  FLOW_RECORD_OFFSETS,
  FLOW_RECORD_SIZE,
  FlowFlag,
  FlowRecordKind,
  FlowRole,
} from "../model/flow-record.ts";

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
  flowRecordSize: number;
  /** By the names of the C header. */
  flowRecordOffsets: Readonly<Record<string, number>>;
  flowRecordEnums: Readonly<Record<string, number>>;
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
    throw new AgentError("CAPTURE_UNAVAILABLE", notLoadable(cause), {}, cause);
  }
  checkLayout(addon);
  return addon;
}

/** A missing file and one of another machine are different faults, with different fixes. */
function notLoadable(cause: unknown): string {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND";
  const fault = isMissing
    ? "is not in this installation"
    : `does not load here (${String(cause instanceof Error ? cause.message : cause).replace(/\s+/g, " ")})`;
  return `the native addon ${fault}: run \`npm run setup\` in a checkout on this host, or set fixture_path to replay a recording`;
}

export type RecordLayout = Pick<
  NativeAddon,
  "flowRecordSize" | "flowRecordOffsets" | "flowRecordEnums"
>;

/** This package's copy of `bpf/include/flow_record.h`, by the names there. */
export const RECORD_LAYOUT: RecordLayout = {
  flowRecordSize: FLOW_RECORD_SIZE,
  flowRecordOffsets: FLOW_RECORD_OFFSETS,
  flowRecordEnums: {
    FLOW_OPEN: FlowRecordKind.Open,
    FLOW_CLOSE: FlowRecordKind.Close,
    FLOW_FAILED: FlowRecordKind.Failed,
    FLOW_SNAPSHOT: FlowRecordKind.Snapshot,
    FLOW_ROLE_UNKNOWN: FlowRole.Unknown,
    FLOW_ROLE_CLIENT: FlowRole.Client,
    FLOW_ROLE_SERVER: FlowRole.Server,
    FLOW_FLAG_OPEN_SENT: FlowFlag.OpenSent,
    FLOW_FLAG_SNAPSHOT_SENT: FlowFlag.SnapshotSent,
    FLOW_FLAG_OWNER_UNKNOWN: FlowFlag.OwnerUnknown,
    FLOW_FLAG_KERNEL_OWNED: FlowFlag.KernelOwned,
    FLOW_FLAG_PREEXISTING: FlowFlag.Preexisting,
    FLOW_FLAG_CGROUP_V1: FlowFlag.CgroupV1,
    FLOW_FLAG_FOREIGN_NETNS: FlowFlag.ForeignNetns,
  },
};

/** The layout has one owner, the C header; a stale build of either side must not run. */
export function checkLayout(addon: RecordLayout): void {
  const same =
    addon.flowRecordSize === RECORD_LAYOUT.flowRecordSize &&
    sameNumbers(addon.flowRecordOffsets, RECORD_LAYOUT.flowRecordOffsets) &&
    sameNumbers(addon.flowRecordEnums, RECORD_LAYOUT.flowRecordEnums);
  if (!same) {
    throw new AgentError(
      "CAPTURE_UNAVAILABLE",
      "the native addon was built for another version of this package: run `npm run setup`",
    );
  }
}

type Numbers = Readonly<Record<string, number>>;

function sameNumbers(one: Numbers, other: Numbers): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  );
}
