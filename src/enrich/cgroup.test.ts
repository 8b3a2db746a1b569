import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CgroupFacts,
  factsOfMemberships,
  factsOfPath,
  isIdHierarchy,
  NO_CGROUP_FACTS,
  parseCgroupFile,
} from "./cgroup.ts";

const A = "3f4c1d".padEnd(64, "a");
const B = "90e2b7".padEnd(64, "b");
const UID = "1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b";
const UID_UNDERSCORED = UID.replaceAll("-", "_");
const STATIC_UID = "0123456789abcdef0123456789abcdef";

type Row = [path: string, facts: Partial<CgroupFacts>];

const PATHS: Record<string, Row[]> = {
  docker: [
    [`/docker/${A}`, { containerId: A, containerRuntime: "docker" }],
    [`/system.slice/docker-${A}.scope`, { containerId: A, containerRuntime: "docker" }],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${A}.scope`,
      { containerId: A, containerRuntime: "docker", systemdUnit: "user@1000.service" },
    ],
    [
      `/docker/${A}/init.scope`,
      { containerId: A, containerRuntime: "docker", systemdUnit: "init.scope" },
    ],
    [
      `/system.slice/docker-${A}.scope/system.slice/nginx.service`,
      { containerId: A, containerRuntime: "docker", systemdUnit: "nginx.service" },
    ],
    [`/ecs/${STATIC_UID}/${A}`, { containerId: A, containerRuntime: "docker" }],
    ["/system.slice/docker.service", { systemdUnit: "docker.service" }],
  ],
  containerd: [
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_UNDERSCORED}.slice/cri-containerd-${A}.scope`,
      { containerId: A, containerRuntime: "containerd", podUid: UID },
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_UNDERSCORED}.slice/cri-containerd-${A}.scope`,
      { containerId: A, containerRuntime: "containerd", podUid: UID },
    ],
    [
      `/kubepods/besteffort/pod${UID}/${A}`,
      { containerId: A, containerRuntime: "containerd", podUid: UID },
    ],
    [`/kubepods/pod${UID}/${A}`, { containerId: A, containerRuntime: "containerd", podUid: UID }],
    [
      `/kubepods/burstable/pod${STATIC_UID}/${A}`,
      { containerId: A, containerRuntime: "containerd", podUid: STATIC_UID },
    ],
    [
      `/system.slice/containerd.service/kubepods-besteffort-pod${UID_UNDERSCORED}.slice:cri-containerd:${A}`,
      {
        containerId: A,
        containerRuntime: "containerd",
        podUid: UID,
        systemdUnit: "containerd.service",
      },
    ],
    [`/default/${A}`, { containerId: A, containerRuntime: "containerd" }],
    [`/k8s.io/${A}`, { containerId: A, containerRuntime: "containerd" }],
    [`/system.slice/nerdctl-${A}.scope`, { containerId: A, containerRuntime: "containerd" }],
    [`/kubepods.slice/kubepods-pod${UID_UNDERSCORED}.slice`, { podUid: UID }],
  ],
  "cri-o": [
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_UNDERSCORED}.slice/crio-${A}.scope`,
      { containerId: A, containerRuntime: "cri-o", podUid: UID },
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_UNDERSCORED}.slice/crio-${A}.scope/container`,
      { containerId: A, containerRuntime: "cri-o", podUid: UID },
    ],
    [
      `/kubepods/burstable/pod${UID}/crio-${A}`,
      { containerId: A, containerRuntime: "cri-o", podUid: UID },
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_UNDERSCORED}.slice/crio-conmon-${A}.scope`,
      { podUid: UID, systemdUnit: `crio-conmon-${A}.scope` },
    ],
    [`/kubepods/burstable/pod${UID}/crio-conmon-${A}`, { podUid: UID }],
  ],
  podman: [
    [`/machine.slice/libpod-${A}.scope/container`, { containerId: A, containerRuntime: "podman" }],
    [`/machine.slice/libpod-${A}.scope`, { containerId: A, containerRuntime: "podman" }],
    [`/libpod_parent/libpod-${A}`, { containerId: A, containerRuntime: "podman" }],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${A}.scope/container`,
      { containerId: A, containerRuntime: "podman", systemdUnit: "user@1000.service" },
    ],
    [
      `/system.slice/web.service/libpod-payload-${A}`,
      { containerId: A, containerRuntime: "podman", systemdUnit: "web.service" },
    ],
    [
      `/machine.slice/machine-libpod_pod_${B}.slice/libpod-${A}.scope`,
      { containerId: A, containerRuntime: "podman" },
    ],
    [`/libpod_parent/libpod-conmon-${A}`, {}],
    ["/libpod_parent/conmon", {}],
  ],
  nested: [
    [`/docker/${A}/docker/${B}`, { containerId: B, containerRuntime: "docker" }],
    [
      `/docker/${A}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${UID_UNDERSCORED}.slice/cri-containerd-${B}.scope`,
      { containerId: B, containerRuntime: "containerd", podUid: UID },
    ],
    [
      `/docker/${A}/kubepods/burstable/pod${UID}/${B}`,
      { containerId: B, containerRuntime: "containerd", podUid: UID },
    ],
    [
      `/kubepods/burstable/pod${UID}/${A}/docker/${B}`,
      { containerId: B, containerRuntime: "docker", podUid: UID },
    ],
    [
      `/system.slice/docker-${A}.scope/system.slice/containerd.service`,
      { containerId: A, containerRuntime: "docker", systemdUnit: "containerd.service" },
    ],
  ],
  systemd: [
    ["/system.slice/nginx.service", { systemdUnit: "nginx.service" }],
    ["/system.slice/system-getty.slice/getty@tty1.service", { systemdUnit: "getty@tty1.service" }],
    [
      "/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-disk-by\\x2duuid-1.service",
      { systemdUnit: "systemd-fsck@dev-disk-by\\x2duuid-1.service" },
    ],
    ["/user.slice/user-1000.slice/session-3.scope", { systemdUnit: "session-3.scope" }],
    [
      "/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service",
      { systemdUnit: "sync.service" },
    ],
    ["/init.scope", { systemdUnit: "init.scope" }],
    ["/system.slice/sshd.socket", { systemdUnit: "sshd.socket" }],
    [`/system.slice/${"u".repeat(247)}.service`, { systemdUnit: `${"u".repeat(247)}.service` }],
  ],
  "seen from a cgroup namespace": [
    ["/", {}],
    ["/..", {}],
    [`/../cri-containerd-${A}.scope`, { containerId: A, containerRuntime: "containerd" }],
    [
      `/../../kubepods-besteffort-pod${UID_UNDERSCORED}.slice/crio-${A}.scope`,
      { containerId: A, containerRuntime: "cri-o", podUid: UID },
    ],
    [`/../${A}`, { containerId: A, containerRuntime: "containerd" }],
    ["/../../../system.slice/nginx.service", { systemdUnit: "nginx.service" }],
  ],
  "none of these": [
    ["/user.slice", {}],
    [`/lxc/web`, {}],
    [`/docker/${A.slice(1)}`, {}],
    [`/docker/${A}f`, {}],
    [`/docker/${A.toUpperCase()}`, {}],
    [`/docker/${A}.slice`, {}],
    [`/system.slice/evil-${A}.service`, { systemdUnit: `evil-${A}.service` }],
    ["/system.slice/new\u001bline.service", {}],
    [`/system.slice/${"u".repeat(248)}.service`, {}],
    ["/.service", {}],
    ["/kubepods/podcast", {}],
    [`/tripod${UID}`, {}],
  ],
};

describe.each(Object.entries(PATHS))("factsOfPath: %s", (_kind, rows) => {
  it.each(rows)("%s", (path, facts) => {
    expect(factsOfPath(path)).toEqual({ ...NO_CGROUP_FACTS, ...facts });
  });
});

describe("parseCgroupFile", () => {
  it("reads v1, named, co-mounted and v2 lines", () => {
    const text = `5:cpu,cpuacct:/docker/${A}\n1:name=systemd:/docker/${A}\n0::/system.slice/x.service\n`;
    expect(parseCgroupFile(text)).toEqual([
      { controllers: "cpu,cpuacct", path: `/docker/${A}` },
      { controllers: "name=systemd", path: `/docker/${A}` },
      { controllers: "", path: "/system.slice/x.service" },
    ]);
  });

  it("keeps the colons of a path", () => {
    expect(parseCgroupFile("0::/a:b:c\n")).toEqual([{ controllers: "", path: "/a:b:c" }]);
  });

  it("drops the mark of a removed cgroup", () => {
    expect(parseCgroupFile("0::/system.slice/x.service (deleted)\n")).toEqual([
      { controllers: "", path: "/system.slice/x.service" },
    ]);
  });

  it("skips what is no membership", () => {
    expect(parseCgroupFile("\nhello\n0:relative\nx::/y\n4:memory\n")).toEqual([]);
  });

  it("takes any text without throwing, and names only ids and units of the grammar", () => {
    const piece = fc.constantFrom(
      "/",
      ":",
      "\n",
      "0::",
      "docker-",
      A,
      ".scope",
      "pod",
      UID,
      "..",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
        const facts = factsOfMemberships(parseCgroupFile(pieces.join("")));
        expect(facts.containerId).toMatch(/^([0-9a-f]{64})?$/);
        expect(facts.systemdUnit).toMatch(/^[A-Za-z0-9:_.\\@-]{0,256}$/);
        expect(facts.podUid).toMatch(/^[0-9a-f-]{0,36}$/);
      }),
    );
  });
});

describe("factsOfMemberships", () => {
  const facts = (text: string) => factsOfMemberships(parseCgroupFile(text));

  it("finds a container that only some v1 hierarchies know", () => {
    expect(facts(`9:name=systemd:/\n4:memory:/docker/${A}\n1:cpu:/\n0::/\n`)).toMatchObject({
      containerId: A,
    });
  });

  it("prefers the container to the unit the v2 line of a hybrid host shows", () => {
    const text = `4:memory:/docker/${A}\n1:name=systemd:/docker/${A}\n0::/system.slice/containerd.service\n`;
    expect(facts(text)).toEqual({
      ...NO_CGROUP_FACTS,
      containerId: A,
      containerRuntime: "docker",
    });
  });

  it("takes the unit from the hierarchy systemd manages", () => {
    const user = "/user.slice/user-1000.slice/user@1000.service";
    const text = `4:memory:${user}\n1:name=systemd:${user}/app.slice/sync.service\n`;
    expect(facts(text).systemdUnit).toBe("sync.service");
  });

  it("knows nothing of an empty file", () => {
    expect(facts("")).toBe(NO_CGROUP_FACTS);
  });
});

describe("isIdHierarchy", () => {
  it.each([
    ["", false, true],
    ["memory", false, false],
    ["memory", true, true],
    ["cpu,memory", true, true],
    ["name=systemd", true, false],
    ["", true, false],
  ])("controllers %j, v1 %j: %j", (controllers, v1, expected) => {
    expect(isIdHierarchy({ controllers, path: "/" }, v1)).toBe(expected);
  });
});
