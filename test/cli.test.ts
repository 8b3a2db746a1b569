/**
 * The binary as users start it: exit codes, one line for each problem, pipes that close early.
 * Runs dist/main.js, which `npm test` builds first.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "cli-"));
const configFile = join(directory, "agent.yaml");

beforeAll(() => {
  expect(existsSync(MAIN), "dist/main.js is missing: run `npm run setup`").toBe(true);
  writeFileSync(configFile, "tenant_id: acme\nbus:\n  sasl:\n    password: hunter2\n");
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[], stdout: "pipe" | number = "pipe"): ChildProcess {
  const environment = { PATH: process.env.PATH };
  return spawn(process.execPath, [MAIN, ...args], {
    env: environment,
    stdio: ["ignore", stdout, "pipe"],
    timeout: 20_000,
  });
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    outcome.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    outcome.stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { ...outcome, code };
}

describe("probectl-ebpf-agent", () => {
  it("tells its version and its help", async () => {
    expect(await outcomeOf(start(["--version"]))).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
    const help = await outcomeOf(start(["--help"]));
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Exit codes:");
  });

  it("refuses to run without a tenant, in one line and without a stack", async () => {
    expect(await outcomeOf(start(["--config", "/dev/null"]))).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "probectl-ebpf-agent: tenant_id is required: set it in the configuration file or PROBECTL_EBPF_TENANT_ID or --tenant-id\n",
    });
  });

  it("refuses an unknown command, an unknown option and a missing file with exit code 2", async () => {
    for (const args of [["fly"], ["--bogus"], ["-config", join(directory, "none.yaml")]]) {
      const { code, stderr } = await outcomeOf(start(args));
      expect([code, stderr.trimEnd().split("\n").length]).toEqual([2, 1]);
    }
  });

  it("checks a configuration without showing its secrets", async () => {
    const { code, stdout, stderr } = await outcomeOf(
      start(["config", "check", "-config", configFile]),
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`tenant_id: acme  # ${configFile}:1\n`);
    expect(stdout).toContain('password: "********"');
    expect(stdout + stderr).not.toContain("hunter2");
  });

  it("probes this host, whatever it lacks, with exit code 0", async () => {
    const { code, stdout } = await outcomeOf(start(["probe", "--json"]));
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(["live", "unavailable"]).toContain(report.mode);
    for (const key of ["os", "arch", "kernel", "btf", "ringbuf", "cap_bpf", "compiled", "reason"]) {
      expect(report).toHaveProperty(key);
    }
  });

  it("ends quietly when the reader of its output is gone", async () => {
    const child = start(["config", "check", "-config", configFile]);
    child.stdout?.destroy();
    const { code, stderr } = await outcomeOf(child);
    expect([code, stderr.includes("at ")]).toEqual([0, false]);
  });

  it.runIf(existsSync("/dev/full"))("fails when its output cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const { code } = await outcomeOf(start(["config", "check", "-config", configFile], full));
    closeSync(full);
    expect(code).toBe(1);
  });
});
