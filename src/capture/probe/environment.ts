/**
 * What the capability probe looks at on the real host: procfs and sysfs, read-only, no
 * privileges needed. Each file is small and kernel-made.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";

/** The facts the probe decides on; tests make them up. */
export interface ProbeEnvironment {
  /** As `process.platform`. */
  platform: string;
  /** As `process.arch`. */
  arch: string;
  /** As `uname -r`. */
  kernelRelease: string;
  /** Whether the kernel exposes its own BTF. */
  btf: boolean;
  /** CapEff of the agent, undefined when it cannot be read. */
  effectiveCapabilities: bigint | undefined;
  /** False in a user namespace, where capabilities do not reach bpf(2). */
  initialUserNamespace: boolean;
  /** Content of the lockdown file, undefined when there is none. */
  lockdown: string | undefined;
  /** Whether securityfs is mounted: then a missing lockdown file means no lockdown. */
  securityfs: boolean;
  /** kernel.unprivileged_bpf_disabled, undefined when it cannot be read. */
  unprivilegedBpfDisabled: number | undefined;
  addon: AddonState;
}

/** Whether this installation has the native addon. */
export interface AddonState {
  compiled: boolean;
  /** Why not and what to do, in one line; "" when compiled. */
  reason: string;
}

export interface ProbeRoots {
  /** procfs, `/proc` */
  procRoot: string;
  /** sysfs, `/sys` */
  sysRoot: string;
  addon: AddonState;
}

/** Every id of the parent maps to itself: user_namespaces(7). */
const INITIAL_UID_MAP = /^\s*0\s+0\s+4294967295\s*$/;

export function systemProbeEnvironment({ procRoot, sysRoot, addon }: ProbeRoots): ProbeEnvironment {
  const status = readIfThere(`${procRoot}/self/status`) ?? "";
  const effective = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  const uidMap = readIfThere(`${procRoot}/self/uid_map`);
  const unprivileged = readIfThere(`${procRoot}/sys/kernel/unprivileged_bpf_disabled`);
  return {
    platform: process.platform,
    arch: process.arch,
    kernelRelease: release(),
    btf: existsSync(`${sysRoot}/kernel/btf/vmlinux`),
    effectiveCapabilities: effective === undefined ? undefined : BigInt(`0x${effective}`),
    // A kernel without user namespaces has no such file.
    initialUserNamespace: uidMap === undefined || INITIAL_UID_MAP.test(uidMap),
    lockdown: readIfThere(`${sysRoot}/kernel/security/lockdown`),
    securityfs: hasEntries(`${sysRoot}/kernel/security`),
    unprivilegedBpfDisabled: unprivileged === undefined ? undefined : Number(unprivileged),
    addon,
  };
}

function readIfThere(path: string): string | undefined {
  return ifReadable(() => readFileSync(path, "utf8"));
}

/** The mount point of securityfs is an empty directory until it is mounted. */
function hasEntries(path: string): boolean {
  return (ifReadable(() => readdirSync(path)) ?? []).length > 0;
}

function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "errno" in error) return undefined;
    throw error;
  }
}
