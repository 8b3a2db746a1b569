import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  formatProbe,
  type ProbeEnvironment,
  probeCapabilities,
  systemProbeEnvironment,
} from "./probe.ts";

const BPF = 1n << 39n;
const PERFMON = 1n << 38n;
const SYS_ADMIN = 1n << 21n;

/** A host that can be watched, with the given differences. */
function host(changes: Partial<ProbeEnvironment> = {}): ProbeEnvironment {
  return {
    platform: "linux",
    arch: "x64",
    kernelRelease: "6.12.9-amd64",
    btf: true,
    effectiveCapabilities: BPF | PERFMON,
    initialUserNamespace: true,
    lockdown: "none [integrity] confidentiality\n",
    securityfs: true,
    unprivilegedBpfDisabled: 2,
    addon: { compiled: true, reason: "" },
    ...changes,
  };
}

const probe = (changes: Partial<ProbeEnvironment> = {}) => probeCapabilities(host(changes));
const feature = (name: string, changes: Partial<ProbeEnvironment> = {}) =>
  probe(changes).features.find((row) => row.name === name);

describe("a host that can be watched", () => {
  it("is live, with all facts", () => {
    const { features, ...facts } = probe();
    expect(facts).toEqual({
      mode: "live",
      os: "linux",
      arch: "amd64",
      kernel: "6.12.9-amd64",
      btf: true,
      ringbuf: true,
      cap_bpf: true,
      cap_perfmon: true,
      lockdown: "integrity",
      unprivileged_bpf_disabled: 2,
      compiled: true,
      reason: "",
      problems: [],
    });
    expect(
      features.filter((row) => !row.name.startsWith("l7_")).map((row) => row.available),
    ).toEqual([true, true, true, true, true]);
  });

  it.each([
    ["the oldest kernel", { kernelRelease: "5.8.0" }],
    ["a later major", { kernelRelease: "7.2-rc1" }],
    ["arm64", { arch: "arm64" }],
    ["CAP_SYS_ADMIN instead of both", { effectiveCapabilities: SYS_ADMIN }],
    ["CAP_SYS_ADMIN instead of CAP_BPF", { effectiveCapabilities: SYS_ADMIN | PERFMON }],
    ["unprivileged BPF allowed", { unprivilegedBpfDisabled: 0 }],
    ["no lockdown", { lockdown: "[none] integrity confidentiality\n" }],
    ["no lockdown module", { lockdown: undefined }],
    ["lockdown unknown", { lockdown: undefined, securityfs: false }],
  ])("with %s", (_what, changes) => {
    expect(probe(changes)).toMatchObject({ mode: "live", reason: "", problems: [] });
  });
});

describe("lockdown", () => {
  it.each([
    ["[none] integrity confidentiality\n", true, "none"],
    ["none [integrity] confidentiality\n", true, "integrity"],
    ["none integrity [confidentiality]\n", true, "confidentiality"],
    ["[new-mode]\n", true, "unknown"],
    ["", true, "unknown"],
    [undefined, true, "none"],
    [undefined, false, "unknown"],
  ])("%j, securityfs %j: %s", (lockdown, securityfs, expected) => {
    expect(probe({ lockdown, securityfs }).lockdown).toBe(expected);
  });
});

describe("a host that cannot be watched", () => {
  it.each<[string, Partial<ProbeEnvironment>, object, RegExp]>([
    [
      "macOS",
      { platform: "darwin", arch: "arm64" },
      { os: "darwin" },
      /Linux-only.*Linux VM.*fixture_path/,
    ],
    ["Windows", { platform: "win32" }, { os: "windows" }, /this is windows.*Linux VM/],
    ["riscv64", { arch: "riscv64" }, { arch: "riscv64" }, /amd64 and arm64, this is riscv64/],
    ["32-bit arm", { arch: "arm" }, { arch: "arm" }, /this is arm:.*fixture_path/],
    ["Linux 5.7", { kernelRelease: "5.7.19" }, { ringbuf: false }, /5\.7\.19.*ring buffer.*5\.8/],
    ["Linux 5.4", { kernelRelease: "5.4.0-150-generic" }, { ringbuf: false }, /5\.4\.0.*upgrade/],
    ["Linux 4.18", { kernelRelease: "4.18.0-553.el8" }, { ringbuf: false }, /4\.18\.0.*5\.8/],
    ["an odd release", { kernelRelease: "custom" }, { ringbuf: false }, /kernel custom/],
    ["no BTF", { btf: false }, { btf: false }, /no BTF.*CONFIG_DEBUG_INFO_BTF=y.*BTFHub/],
    [
      "confidentiality lockdown",
      { lockdown: "none integrity [confidentiality]" },
      { lockdown: "confidentiality" },
      /refuses BPF.*boot without lockdown=confidentiality/,
    ],
    [
      "no capabilities",
      { effectiveCapabilities: 0n },
      { cap_bpf: false, cap_perfmon: false },
      /^CAP_BPF and CAP_PERFMON are missing: run as root, or grant/,
    ],
    [
      "no CAP_BPF",
      { effectiveCapabilities: PERFMON },
      { cap_bpf: false, cap_perfmon: true },
      /^CAP_BPF is missing/,
    ],
    [
      "no CAP_PERFMON",
      { effectiveCapabilities: BPF },
      { cap_bpf: true, cap_perfmon: false },
      /^CAP_PERFMON is missing/,
    ],
    [
      "capabilities unknown",
      { effectiveCapabilities: undefined },
      { cap_bpf: false, cap_perfmon: false },
      /cannot be read: mount procfs/,
    ],
    [
      "a user namespace",
      { initialUserNamespace: false, effectiveCapabilities: (1n << 41n) - 1n },
      { cap_bpf: false, cap_perfmon: false },
      /user namespace.*rootless/,
    ],
    [
      "no addon",
      { addon: { compiled: false, reason: "the native addon is missing: build it" } },
      { compiled: false },
      /^the native addon is missing: build it$/,
    ],
  ])("%s", (_what, changes, facts, reason) => {
    const report = probe(changes);
    expect(report).toMatchObject({ mode: "unavailable", ...facts });
    expect(report.reason).toMatch(reason);
    expect(report.reason).not.toContain("\n");
    expect(report.problems).toEqual([report.reason]);
    expect(report.features.some((row) => row.available)).toBe(false);
  });

  it("has the decisive problem as reason and all of them listed", () => {
    const report = probe({
      arch: "s390x",
      kernelRelease: "4.18.0",
      btf: false,
      lockdown: "none integrity [confidentiality]",
      effectiveCapabilities: 0n,
      addon: { compiled: false, reason: "the native addon is missing" },
    });
    const expected = [/s390x/, /4\.18\.0/, /BTF/, /lockdown/, /CAP_BPF/, /addon/];
    expect(report.problems).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) {
      expect(report.problems[index]).toMatch(pattern);
    }
    expect(report.reason).toBe(report.problems[0]);
  });

  it("knows nothing of a Linux kernel elsewhere", () => {
    expect(
      probe({
        platform: "darwin",
        kernelRelease: "24.1.0",
        addon: { compiled: false, reason: "x" },
      }),
    ).toMatchObject({
      btf: false,
      ringbuf: false,
      cap_bpf: false,
      lockdown: "unknown",
      problems: [expect.stringContaining("Linux VM")],
    });
  });
});

describe("the features", () => {
  it.each([
    ["l4_tcp", "5.8", "5.7.0"],
    ["existing_sockets", "5.8", "5.7.0"],
    ["tcp_snapshots", "5.9", "5.8.18"],
    ["owner_from_io", "6.3", "6.2.16"],
    ["udp_flows", "6.3", "5.19.0"],
  ])("%s needs %s", (name, first, before) => {
    expect(feature(name, { kernelRelease: `${first}.0-1` })).toEqual({
      name,
      available: true,
      needs_kernel: first,
      needs_caps: ["CAP_BPF", "CAP_PERFMON"],
      reason: "",
    });
    expect(feature(name, { kernelRelease: before })).toMatchObject({ available: false });
  });

  it("says which kernel is missing where the rest works", () => {
    expect(feature("udp_flows", { kernelRelease: "6.1.0-18" })?.reason).toBe(
      "needs Linux 6.3, this is 6.1",
    );
  });

  it("carries the reason that stops everything", () => {
    expect(feature("l4_tcp", { btf: false })?.reason).toMatch(/BTFHub/);
  });

  it.each([
    ["l7_cleartext", "6.3"],
    ["l7_tls_uprobes", "6.6"],
  ])("does not claim %s", (name, needs_kernel) => {
    expect(feature(name)).toMatchObject({
      available: false,
      needs_kernel,
      reason: "planned: not in this version",
    });
  });
});

describe("formatProbe", () => {
  it("aligns the facts and the features", () => {
    const text = formatProbe(probe());
    expect(text).toMatch(/^mode {23}live$/m);
    expect(text).toMatch(/^unprivileged_bpf_disabled {2}2$/m);
    expect(text).toMatch(/^reason {21}-$/m);
    expect(text).toMatch(/^l4_tcp {12}yes {8}5\.8 {5}CAP_BPF \+ CAP_PERFMON$/m);
    expect(text).toMatch(/^l7_cleartext {6}no .* planned: not in this version$/m);
    expect(text).not.toMatch(/problems| $/m);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("lists the problems when there are several, and says each reason once", () => {
    const report = probe({
      btf: false,
      effectiveCapabilities: 0n,
      unprivilegedBpfDisabled: undefined,
    });
    const text = formatProbe(report);
    expect(text).toMatch(/^unprivileged_bpf_disabled {2}unknown$/m);
    expect(text).toContain(`problems\n  ${report.problems[0]}\n  ${report.problems[1]}\n`);
    expect(text.split(report.reason)).toHaveLength(3);
  });
});

describe("systemProbeEnvironment", () => {
  const addon = { compiled: true, reason: "" };
  let root = "";

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "probe-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const read = () =>
    systemProbeEnvironment({ procRoot: join(root, "proc"), sysRoot: join(root, "sys"), addon });

  it("reads a host", () => {
    write(
      "proc/self/status",
      "Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t000000c000000000\n",
    );
    write("proc/self/uid_map", "         0          0 4294967295\n");
    write("proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
    write("sys/kernel/btf/vmlinux", "");
    write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    expect(read()).toMatchObject({
      platform: process.platform,
      arch: process.arch,
      btf: true,
      effectiveCapabilities: BPF | PERFMON,
      initialUserNamespace: true,
      lockdown: "[none] integrity confidentiality\n",
      securityfs: true,
      unprivilegedBpfDisabled: 2,
      addon,
    });
    expect(read().kernelRelease).not.toBe("");
  });

  it("says what it cannot read", () => {
    expect(read()).toMatchObject({
      btf: false,
      effectiveCapabilities: undefined,
      initialUserNamespace: true,
      lockdown: undefined,
      securityfs: false,
      unprivilegedBpfDisabled: undefined,
    });
  });

  it("tells a mounted securityfs without lockdown from one not mounted", () => {
    mkdirSync(join(root, "sys/kernel/security"), { recursive: true });
    expect(read().securityfs).toBe(false);
    write("sys/kernel/security/lsm", "capability");
    expect(read()).toMatchObject({ securityfs: true, lockdown: undefined });
  });

  it("sees a user namespace", () => {
    write("proc/self/uid_map", "         0       1000          1\n");
    expect(read().initialUserNamespace).toBe(false);
  });

  it.skipIf(process.platform !== "linux")("reads this host", () => {
    const env = systemProbeEnvironment({ procRoot: "/proc", sysRoot: "/sys", addon });
    expect(env.effectiveCapabilities).toBeTypeOf("bigint");
    expect(env.kernelRelease).toBe(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim());
    expect(probeCapabilities(env).kernel).toBe(env.kernelRelease);
  });
});
