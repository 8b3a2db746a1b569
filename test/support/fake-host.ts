/** A host for configuration tests: nothing is read but what the test gives. */

import type { CgroupVerdict, HostAccess } from "../../src/policy/host.ts";

export interface FakeHost {
  environment?: Record<string, string>;
  /** Text of each file; a file of the name "unreadable" gives EACCES. */
  files?: Record<string, string>;
  cgroups?: Record<string, CgroupVerdict>;
}

export const FAKE_PID = 4711;

export function fakeHost({
  environment = {},
  files = {},
  cgroups = {},
}: FakeHost = {}): HostAccess {
  return {
    environment,
    hostname: "node-1",
    pid: FAKE_PID,
    readText: (path, bytesMax) => {
      const text = files[path];
      if (text === undefined) return { fault: "ENOENT", absent: true };
      if (text === "unreadable") return { fault: "EACCES", absent: false };
      if (text.length > bytesMax) return { fault: "it is too large", absent: false };
      return { text };
    },
    readFault: (path) => {
      if (files[path] === undefined) return "ENOENT";
      return files[path] === "unreadable" ? "EACCES" : "";
    },
    cgroup: (directory) => cgroups[directory] ?? "missing",
  };
}
