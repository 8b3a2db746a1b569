/**
 * The capability probe: decides before anything is loaded whether this host can be watched
 * live, and says why not. A pure function of its environment.
 *
 * The floor is Linux 5.8 (BPF ring buffer, CAP_BPF, CAP_PERFMON) with BTF, on amd64 or arm64.
 * Distributions that backported the ring buffer to an older version are below it.
 */

import type { ProbeEnvironment } from "./probe/environment.ts";
import { featureTable } from "./probe/features.ts";
import { isAtLeast, type KernelVersion, parseKernelRelease } from "./probe/kernel-version.ts";
import type { CapabilityReport, Lockdown } from "./probe/report.ts";

export {
  type AddonState,
  type ProbeEnvironment,
  type ProbeRoots,
  systemProbeEnvironment,
} from "./probe/environment.ts";
export type { FeatureSupport } from "./probe/features.ts";
export { formatProbe } from "./probe/format.ts";
export type { CapabilityReport, Lockdown } from "./probe/report.ts";

const RING_BUFFER_KERNEL: KernelVersion = { major: 5, minor: 8 };
const OS_NAMES = new Map([["win32", "windows"]]);
const ARCH_NAMES = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
]);
const SUPPORTED_ARCHES = ["x64", "arm64"];

/** Bit numbers, linux/capability.h. */
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/** What this host allows. Never throws: what is not known counts as missing, and is said. */
export function probeCapabilities(env: ProbeEnvironment): CapabilityReport {
  const linux = env.platform === "linux";
  const kernel = linux ? parseKernelRelease(env.kernelRelease) : undefined;
  const facts = {
    os: OS_NAMES.get(env.platform) ?? env.platform,
    arch: ARCH_NAMES.get(env.arch) ?? env.arch,
    kernel: env.kernelRelease,
    btf: linux && env.btf,
    ringbuf: kernel !== undefined && isAtLeast(kernel, RING_BUFFER_KERNEL),
    cap_bpf: linux && hasCapability(env, CAP_BPF),
    cap_perfmon: linux && hasCapability(env, CAP_PERFMON),
    lockdown: linux ? lockdownOf(env) : "unknown",
    unprivileged_bpf_disabled: env.unprivilegedBpfDisabled ?? null,
    compiled: env.addon.compiled,
  } satisfies Partial<CapabilityReport>;
  const problems = linux ? linuxProblems(env, facts) : [otherSystem(facts.os)];
  const reason = problems[0] ?? "";
  return {
    mode: reason === "" ? "live" : "unavailable",
    ...facts,
    reason,
    problems,
    features: featureTable(kernel, reason),
  };
}

type Facts = Pick<
  CapabilityReport,
  "arch" | "kernel" | "btf" | "ringbuf" | "cap_bpf" | "cap_perfmon" | "lockdown" | "compiled"
>;

function otherSystem(os: string): string {
  return `eBPF is Linux-only and this is ${os}: run the agent in a Linux VM, or set fixture_path to replay a recording`;
}

/** Ordered by how hard it is to change: machine, kernel, boot, privileges, installation. */
function linuxProblems(env: ProbeEnvironment, facts: Facts): string[] {
  const problems: string[] = [];
  if (!SUPPORTED_ARCHES.includes(env.arch)) {
    problems.push(
      `live capture is made for amd64 and arm64, this is ${facts.arch}: set fixture_path to replay a recording`,
    );
  }
  if (!facts.ringbuf) {
    problems.push(
      `kernel ${facts.kernel} has no BPF ring buffer: Linux 5.8 is the first that has, upgrade the kernel`,
    );
  }
  if (!facts.btf) {
    problems.push(
      "the kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built with CONFIG_DEBUG_INFO_BTF=y; the manual avenue is BTFHub, nothing is fetched from it",
    );
  }
  if (facts.lockdown === "confidentiality") {
    problems.push(
      "kernel lockdown is confidentiality, which refuses BPF programs even with all capabilities: boot without lockdown=confidentiality (integrity is fine)",
    );
  }
  problems.push(...privilegeProblems(env, facts));
  if (!facts.compiled) {
    problems.push(env.addon.reason);
  }
  return problems;
}

function privilegeProblems(env: ProbeEnvironment, facts: Facts): string[] {
  if (env.effectiveCapabilities === undefined) {
    return ["the agent's capabilities cannot be read: mount procfs on /proc"];
  }
  if (!env.initialUserNamespace) {
    return [
      "the agent runs in a user namespace, whose capabilities do not reach bpf(2): run it in the initial one (no rootless container)",
    ];
  }
  const missing = [
    ...(facts.cap_bpf ? [] : ["CAP_BPF"]),
    ...(facts.cap_perfmon ? [] : ["CAP_PERFMON"]),
  ];
  if (missing.length === 0) return [];
  return [
    `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing: run as root, or grant CAP_BPF and CAP_PERFMON (AmbientCapabilities= of the systemd unit, capabilities.add of the container)`,
  ];
}

/** CAP_SYS_ADMIN includes both; before 5.8 it was the only one there was. */
function hasCapability(env: ProbeEnvironment, capability: bigint): boolean {
  const { effectiveCapabilities: effective = 0n, initialUserNamespace } = env;
  return initialUserNamespace && (effective & ((1n << capability) | (1n << CAP_SYS_ADMIN))) !== 0n;
}

/**
 * The file reads `none [integrity] confidentiality`. It is missing without the lockdown module,
 * and also where securityfs is not mounted: then lockdown is unknown, and the load will tell.
 */
function lockdownOf(env: ProbeEnvironment): Lockdown {
  if (env.lockdown === undefined) return env.securityfs ? "none" : "unknown";
  const active = /\[([a-z]+)\]/.exec(env.lockdown)?.[1];
  return active === "none" || active === "integrity" || active === "confidentiality"
    ? active
    : "unknown";
}
