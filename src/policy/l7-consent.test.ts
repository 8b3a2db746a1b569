import { describe, expect, it } from "vitest";
import { FAKE_PID, fakeHost } from "../../test/support/fake-host.ts";
import { AgentError } from "../model/errors.ts";
import { loadConfig } from "./load.ts";

const CGROUPS = {
  "/sys/fs/cgroup/app.slice": "group",
  "/sys/fs/cgroup": "hierarchy-root",
  "/home": "not-a-cgroup",
} as const;

/** The faults of a set of the three keys, given as in the environment. */
function faults(keys: { enabled?: string; consent?: string; scope?: string }): string[] {
  const environment: Record<string, string> = { PROBECTL_EBPF_TENANT_ID: "acme" };
  if (keys.enabled !== undefined) environment.PROBECTL_EBPF_L7_CAPTURE = keys.enabled;
  if (keys.consent !== undefined) environment.PROBECTL_EBPF_L7_CONSENT_TENANT = keys.consent;
  if (keys.scope !== undefined) environment.PROBECTL_EBPF_L7_SCOPE = keys.scope;
  try {
    loadConfig({}, fakeHost({ environment, cgroups: CGROUPS }));
    return [];
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return error.message.split("\n");
  }
}

const ENABLED = { enabled: "true", consent: "acme" };
const UNAVAILABLE =
  "l7_capture_enabled: live L7 capture is not available in this version: unset l7_capture_enabled, l7_capture_consent_tenant, l7_capture_scope";

describe("the three keys", () => {
  it("are off together, however off is written", () => {
    expect(faults({})).toEqual([]);
    expect(faults({ enabled: "false", consent: "", scope: "" })).toEqual([]);
  });

  it.each([
    { enabled: "true" },
    { consent: "acme" },
    { scope: "pid:1" },
    { enabled: "true", consent: "acme" },
    { enabled: "true", scope: "pid:1" },
    { enabled: "false", consent: "acme", scope: "pid:1" },
  ])("are refused when incomplete: %j, a line for each that is missing", (keys) => {
    const missing = [
      keys.enabled === "true" ? "" : "l7_capture_enabled",
      "consent" in keys ? "" : "l7_capture_consent_tenant",
      "scope" in keys ? "" : "l7_capture_scope",
    ].filter((key) => key !== "");
    expect(faults(keys).map((line) => line.split(":")[0])).toEqual(missing);
  });

  it("refuse the consent of another tenant, with no leniency", () => {
    for (const consent of ["other", "ACME", "acme2"]) {
      const lines = faults({ enabled: "true", consent, scope: "pid:1" });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`"${consent}" is not tenant_id "acme"`);
    }
  });

  it.each([
    "pid:1",
    "pid:4194304",
    "exe:/usr/sbin/nginx",
    "cgroup:/sys/fs/cgroup/app.slice",
    "pid:1,exe:/a b/c:d,cgroup:/sys/fs/cgroup/app.slice",
  ])("are refused when complete and consistent, for want of the feature: %s", (scope) => {
    expect(faults({ ...ENABLED, scope })).toEqual([UNAVAILABLE]);
  });

  it.each([
    ["pid:0", "needs a process id"],
    ["pid:01", "needs a process id"],
    ["pid:4194305", "needs a process id"],
    ["pid:-1", "needs a process id"],
    ["pid:", "needs a process id"],
    [`pid:${FAKE_PID}`, "is the agent itself"],
    ["1234", "is not pid:<n>"],
    ["PID:1", "is not pid:<n>"],
    ["*", "is not pid:<n>"],
    ["exe:nginx", "needs an absolute path"],
    ["exe:/usr/../bin/x", "needs an absolute path"],
    ["exe:/", "needs an absolute path"],
    ["cgroup:app.slice", "needs an absolute path"],
    ["cgroup:/sys/fs/cgroup/app.slice/..", "needs an absolute path"],
    ["cgroup:/sys/fs/cgroup", "is the root of a cgroup hierarchy"],
    ["cgroup:/home", "is not a directory of a cgroup hierarchy"],
    ["cgroup:/sys/fs/cgroup/gone", "does not exist"],
  ])("refuse the scope entry %s", (entry, expected) => {
    const lines = faults({ ...ENABLED, scope: `exe:/bin/sh,${entry}` });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`"${entry}" ${expected}`);
  });

  it("name every fault of one set", () => {
    expect(faults({ consent: "other", scope: "pid:x,cgroup:/home" })).toHaveLength(4);
  });
});
