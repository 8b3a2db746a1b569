/**
 * The three keys of live L7 capture: enabled, the tenant's consent, and a scope. All three and
 * consistent, or none; every fault is one line and refuses the start. Capture of a whole host
 * cannot be expressed.
 */

import type { HostAccess } from "./host.ts";
import { keyProblem, type Problem, quoted } from "./problem.ts";
import type { Key, Values } from "./settings.ts";

// PID_MAX_LIMIT of a 64-bit kernel, include/linux/threads.h.
const PID_MAX = 4194304;

const THREE_KEYS = [
  "l7_capture_enabled",
  "l7_capture_consent_tenant",
  "l7_capture_scope",
] as const satisfies readonly Key[];

/**
 * Every fault of the three keys. A complete and consistent set is a fault too: this version has
 * no live L7 capture, and must not let the operator believe otherwise.
 */
export function l7ConsentProblems(values: Values, host: HostAccess): Problem[] {
  const consent = values.l7_capture_consent_tenant;
  const isGiven = [values.l7_capture_enabled, consent !== "", values.l7_capture_scope.length > 0];
  if (!isGiven.includes(true)) return [];
  const problems = THREE_KEYS.filter((_, index) => isGiven[index] === false).map((key) =>
    keyProblem(key, `is not set, and the others of ${THREE_KEYS.join(", ")} are: set all or none`),
  );
  if (consent !== "" && consent !== values.tenant_id) {
    const fault = `${quoted(consent)} is not tenant_id ${quoted(values.tenant_id)}`;
    const fix = "consent is of the agent's own tenant alone: set it to that, or unset it";
    problems.push(keyProblem("l7_capture_consent_tenant", `${fault}; ${fix}`));
  }
  for (const entry of values.l7_capture_scope) {
    const fault = scopeFault(entry, host);
    if (fault !== "") problems.push(keyProblem("l7_capture_scope", `${quoted(entry)} ${fault}`));
  }
  if (problems.length > 0) return problems;
  const fix = `unset ${THREE_KEYS.join(", ")}`;
  return [keyProblem(THREE_KEYS[0], `live L7 capture is not available in this version: ${fix}`)];
}

/** What is wrong with one scope entry, and the fix; "" when nothing is. */
function scopeFault(entry: string, host: HostAccess): string {
  const colon = entry.indexOf(":");
  const kind = colon < 0 ? "" : entry.slice(0, colon);
  const target = entry.slice(colon + 1);
  if (kind === "pid") return pidFault(target, host.pid);
  if (kind === "exe")
    return isCanonicalPath(target) ? "" : "needs an absolute path without . or ..";
  if (kind === "cgroup") return cgroupFault(target, host);
  return "is not pid:<n>, exe:/abs/path or cgroup:/abs/dir: write it as one of them";
}

function pidFault(text: string, ownPid: number): string {
  const pid = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : PID_MAX + 1;
  if (pid > PID_MAX) return `needs a process id from 1 to ${PID_MAX}`;
  return pid === ownPid ? "is the agent itself, which is never in scope: remove it" : "";
}

function cgroupFault(directory: string, host: HostAccess): string {
  if (!isCanonicalPath(directory)) return "needs an absolute path without . or ..";
  switch (host.cgroup(directory)) {
    case "group":
      return "";
    case "hierarchy-root":
      return "is the root of a cgroup hierarchy, and capture of a whole host is refused: name a group below it";
    case "missing":
      return "does not exist: name the directory of an existing cgroup";
    case "not-a-cgroup":
      return "is not a directory of a cgroup hierarchy: name one below /sys/fs/cgroup";
  }
}

function isCanonicalPath(path: string): boolean {
  const parts = path.split("/").slice(1);
  const isClean = parts.every((part) => part !== "" && part !== "." && part !== "..");
  return path.startsWith("/") && !path.includes("\0") && isClean;
}
