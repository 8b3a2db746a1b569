/** What the capability probe found out. */

import type { FeatureSupport } from "./features.ts";

export type Lockdown = "none" | "integrity" | "confidentiality" | "unknown";

/** Keys as in the JSON of `probe --json` and in the log line at start. */
export interface CapabilityReport {
  mode: "live" | "unavailable";
  /** `linux`, `darwin`, `windows`, ... */
  os: string;
  /** `amd64`, `arm64`, ... */
  arch: string;
  /** The release as `uname -r` prints it. */
  kernel: string;
  btf: boolean;
  /** Whether the kernel has the BPF ring buffer. */
  ringbuf: boolean;
  cap_bpf: boolean;
  cap_perfmon: boolean;
  lockdown: Lockdown;
  /** kernel.unprivileged_bpf_disabled; does not matter with the capabilities. */
  unprivileged_bpf_disabled: number | null;
  /** Whether this installation has the native addon. */
  compiled: boolean;
  /** "" when live, else the decisive problem: what is missing and what to do. */
  reason: string;
  /** Everything that stands in the way, the decisive one first. */
  problems: string[];
  features: FeatureSupport[];
}
