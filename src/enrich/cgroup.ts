/**
 * The grammar of /proc/PID/cgroup (cgroups(7)) and what the path of a cgroup says about a
 * workload. Pure; the caller bounds the text.
 *
 *     line = hierarchy ":" controllers ":" path      v1: 4:memory:/docker/<id>
 *                                                    v1, named: 1:name=systemd:/...
 *                                                    v2: 0::/system.slice/nginx.service
 *
 * A container is a path component that is a bare 64-digit lower-case hex id, or such an id
 * behind the prefix of a runtime: `docker-<id>.scope`, `cri-containerd-<id>.scope`,
 * `nerdctl-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope` and the same without `.scope` or
 * joined by colons. The monitors of containers (`crio-conmon-<id>`, `libpod-conmon-<id>`) are
 * not in them. Containers without such an id (LXC, systemd-nspawn, `ctr run` with a chosen
 * name) are not recognised. In nested containers the innermost one is the workload's.
 *
 * Paths are names that whoever may create cgroups has chosen: root, container runtimes, and a
 * user inside a delegated subtree.
 */

export interface CgroupMembership {
  /** As in the file: `memory`, `cpu,cpuacct`, `name=systemd`; "" is the v2 hierarchy. */
  controllers: string;
  /** From the root of the reader's cgroup namespace; starts with `/..` when it is outside. */
  path: string;
}

/** What a cgroup path tells; "" is not known. Fields as in `ProcessIdentity`. */
export interface CgroupFacts {
  readonly containerId: string;
  readonly containerRuntime: string;
  readonly systemdUnit: string;
  readonly podUid: string;
}

export const NO_CGROUP_FACTS: CgroupFacts = Object.freeze({
  containerId: "",
  containerRuntime: "",
  systemdUnit: "",
  podUid: "",
});

const LINE = /^\d+:([^:]*):(\/.*)$/;

/** `name-<id>`, `name:<id>` or a bare id; a path like `pod.slice:cri-containerd:<id>` too. */
const CONTAINER =
  /^(?:(?:.*[-:])?(docker|cri-containerd|nerdctl|crio|libpod-payload|libpod)[-:])?([0-9a-f]{64})(?:\.scope)?$/;

const RUNTIMES = new Map([
  ["docker", "docker"],
  ["cri-containerd", "containerd"],
  ["nerdctl", "containerd"],
  ["crio", "cri-o"],
  ["libpod", "podman"],
  ["libpod-payload", "podman"],
]);

/** `pod<uid>` (cgroupfs driver) or `...-pod<uid with _>.slice`; 32 digits are a static pod. */
const POD =
  /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/;

/** The unit types that hold processes. Names up to 256 characters as in systemd.unit(5). */
const UNIT = /^[A-Za-z0-9:_.\\@-]{1,247}\.(?:service|scope|socket|mount|swap)$/;

/** The memberships in the text of a cgroup file; a line of another form is skipped. */
export function parseCgroupFile(text: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = [];
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, controllers = "", path = ""] = match;
    // The kernel marks the cgroup of a zombie that was removed.
    memberships.push({ controllers, path: path.replace(/ \(deleted\)$/, "") });
  }
  return memberships;
}

/** True for the hierarchy whose directory inodes the records carry as cgroup id. */
export function isIdHierarchy(membership: CgroupMembership, v1: boolean): boolean {
  if (!v1) return membership.controllers === "";
  return membership.controllers.split(",").includes("memory");
}

/**
 * The facts of a process in all its hierarchies: those of one line, the first that names a
 * container, else the first that tells anything. The lines systemd manages come first, because
 * other controllers may stop at an outer slice.
 */
export function factsOfMemberships(memberships: readonly CgroupMembership[]): CgroupFacts {
  const rank = ({ controllers }: CgroupMembership) =>
    controllers === "name=systemd" ? 0 : controllers === "" ? 1 : 2;
  const facts = [...memberships]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ path }) => factsOfPath(path));
  return (
    facts.find(({ containerId }) => containerId !== "") ??
    facts.find(({ systemdUnit, podUid }) => systemdUnit !== "" || podUid !== "") ??
    NO_CGROUP_FACTS
  );
}

/** The facts in one cgroup path. Of each kind the innermost component wins. */
export function factsOfPath(path: string): CgroupFacts {
  const components = path.split("/");
  const facts = { ...NO_CGROUP_FACTS };
  components.forEach((component, index) => {
    const [, prefix, id] = CONTAINER.exec(component) ?? [];
    if (id !== undefined) {
      facts.containerId = id;
      facts.containerRuntime = RUNTIMES.get(prefix ?? "") ?? runtimeOfBareId(components, index);
    } else if (UNIT.test(component)) {
      facts.systemdUnit = component;
    }
    const [, uid] = POD.exec(component) ?? [];
    if (uid !== undefined) facts.podUid = uid.replaceAll("_", "-");
  });
  return facts;
}

/**
 * `/docker/<id>` and Amazon ECS' `/ecs/<task>/<id>` are Docker's. Everything else is taken for
 * containerd: `/<namespace>/<id>`, and `/kubepods/.../<id>`, which cri-dockerd writes alike.
 */
function runtimeOfBareId(components: readonly string[], index: number): string {
  return components[index - 1] === "docker" || components[1] === "ecs" ? "docker" : "containerd";
}
