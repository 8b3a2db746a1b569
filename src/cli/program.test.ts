import { describe, expect, it } from "vitest";
import { type FakeHost, fakeHost } from "../../test/support/fake-host.ts";
import type { AgentConfig } from "../agent/config.ts";
import type { InspectRequest } from "../agent/inspect.ts";
import { AgentError } from "../model/errors.ts";
import { runCli, type Services } from "./program.ts";

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** The configuration the agent was run with. */
  ran: AgentConfig | undefined;
  /** What was asked of `inspect`. */
  inspected: InspectRequest | undefined;
}

/** Runs a command line on a fake host; `agent` stands for what the agent does. */
async function cli(
  args: readonly string[],
  host: FakeHost = {},
  agent: () => Promise<void> = async () => undefined,
): Promise<Outcome> {
  const outcome: Outcome = {
    code: -1,
    stdout: "",
    stderr: "",
    ran: undefined,
    inspected: undefined,
  };
  const services: Services = {
    version: "1.2.3",
    host: fakeHost(host),
    stdout: {
      write: (text) => {
        outcome.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        outcome.stderr += text;
      },
    },
    runAgent: (config) => {
      outcome.ran = config;
      return agent();
    },
    probeHost: async () => ({ report: { mode: "live" }, text: "mode  live\n" }),
    inspectFiles: async (request) => {
      outcome.inspected = request;
    },
  };
  outcome.code = await runCli(args, services);
  return outcome;
}

const FILES = { "c.yaml": "tenant_id: acme\n" };

describe("run", () => {
  it.each([
    ["--config", "c.yaml"],
    ["--config=c.yaml"],
    ["-config", "c.yaml"],
    ["-config=c.yaml"],
    ["run", "--config", "c.yaml"],
    ["--config", "c.yaml", "run"],
    ["run", "-config", "c.yaml"],
  ])("takes its file as %s %s %s", async (...args) => {
    const outcome = await cli(args, { files: FILES });
    expect([outcome.code, outcome.stderr, outcome.ran?.tenantId]).toEqual([0, "", "acme"]);
  });

  it("hands every flag to its key", async () => {
    const flags = {
      "--tenant-id": "flagged",
      "--host": "h",
      "--bus-mode": "file",
      "--bus-path": "-",
      "--fixture": "f.json",
      "--flush-interval": "1s",
      "--health-addr": ":9469",
      "--ui-addr": "localhost:0",
      "--log-level": "debug",
      "--log-format": "text",
    };
    const files = { ...FILES, "f.json": "[]" };
    const outcome = await cli(["-config", "c.yaml", ...Object.entries(flags).flat()], { files });
    expect(outcome.ran).toMatchObject({
      tenantId: "flagged",
      host: "h",
      bus: { mode: "file", path: "-" },
      fixturePath: "f.json",
      flushIntervalMs: 1000,
      healthAddress: { host: "", port: 9469 },
      uiAddress: { host: "127.0.0.1", port: 0 },
      log: { level: "debug", format: "text" },
    });
  });

  it("runs the local profile without any file", async () => {
    const { ran, code } = await cli(["run", "--profile", "local"]);
    expect([code, ran?.tenantId, ran?.uiAddress?.port]).toEqual([0, "local", 8612]);
  });

  it("logs the warnings of the configuration", async () => {
    const environment = { PROBECTL_EBPF_SPOOL_PATH: "/data" };
    const outcome = await cli(["--tenant-id", "acme", "--log-format", "text"], { environment });
    expect(outcome.stderr).toMatch(/WARN {2}spool\.path has no effect/);
  });

  it("refuses a configuration with a line for each problem and does not run", async () => {
    const environment = { PROBECTL_EBPF_LOG_LEVEL: "loud", PROBECTL_EBPF_UI_ADDR: "0.0.0.0:1" };
    const outcome = await cli([], { environment });
    expect([outcome.code, outcome.ran]).toEqual([2, undefined]);
    const lines = outcome.stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.startsWith("probectl-ebpf-agent: "))).toBe(true);
  });

  it.each([
    [new AgentError("CAPTURE_FAILED", "cannot attach"), 1, "probectl-ebpf-agent: cannot attach\n"],
    [new AgentError("INPUT_INVALID", "bad input"), 2, "probectl-ebpf-agent: bad input\n"],
  ])("tells a failure of the agent in one line: %s", async (failure, code, stderr) => {
    const args = ["--tenant-id", "acme"];
    const outcome = await cli(args, {}, () => Promise.reject(failure));
    expect([outcome.code, outcome.stderr]).toEqual([code, stderr]);
  });

  it("shows the stack of a bug", async () => {
    const bug = () => Promise.reject(new TypeError("undefined is not a flow"));
    const outcome = await cli(["--tenant-id", "acme"], {}, bug);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/a bug in the agent: TypeError: undefined is not a flow\n +at /);
  });
});

describe("usage", () => {
  it.each([
    [["fly"], 'unknown command "fly": use run, inspect, probe or config check'],
    [["run", "fast"], 'unknown command "fast"'],
    [["--bogus"], "unknown option '--bogus'"],
    [["--confg", "x"], "unknown option '--confg' (Did you mean --config?)"],
    [["--config"], "option '--config <FILE>' argument missing"],
    [["probe", "--bogus"], "unknown option '--bogus'"],
    [["probe", "--config", "c.yaml"], "probe reads no configuration: remove --config"],
    [["probe", "x"], "too many arguments for 'probe'"],
    [["config"], "config needs a command: use config check"],
    [["config", "chek"], "unknown command 'chek'"],
    [["config", "check", "x"], "too many arguments for 'check'"],
  ])("refuses %j in one line", async (args, expected) => {
    const outcome = await cli(args, { files: FILES });
    expect([outcome.code, outcome.stdout, outcome.ran]).toEqual([2, "", undefined]);
    expect(outcome.stderr).toMatch(/^probectl-ebpf-agent: [^\n]+\n$/);
    expect(outcome.stderr).toContain(expected);
  });

  it("prints help and version on standard output", async () => {
    for (const args of [["--help"], ["-h"], ["run", "--help"], ["config", "check", "--help"]]) {
      const { code, stdout, stderr } = await cli(args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("--config <FILE>");
    }
    const { stdout } = await cli(["--help"]);
    for (const part of ["Examples:", "Exit codes:", "probe", "config check", "--fixture <FILE>"]) {
      expect(stdout).toContain(part);
    }
    expect(await cli(["--version"])).toMatchObject({ code: 0, stdout: "1.2.3\n" });
  });
});

describe("probe", () => {
  it("prints text or JSON", async () => {
    expect(await cli(["probe"])).toMatchObject({ code: 0, stdout: "mode  live\n" });
    const { code, stdout } = await cli(["probe", "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([0, { mode: "live" }]);
  });
});

describe("config check", () => {
  it("prints what is in force, warnings apart", async () => {
    const environment = { PROBECTL_EBPF_BUS_SASL_PASSWORD: "hunter2" };
    const outcome = await cli(["config", "check", "--config", "c.yaml"], {
      files: FILES,
      environment,
    });
    expect([outcome.code, outcome.ran]).toEqual([0, undefined]);
    expect(outcome.stdout).toMatch(/^tenant_id: acme {2}# c\.yaml:1\n/);
    expect(outcome.stderr).toBe(
      "probectl-ebpf-agent: warning: bus.sasl.password has no effect while bus.mode is memory: it is for kafka\n",
    );
    expect(outcome.stdout + outcome.stderr).not.toContain("hunter2");
  });

  it("refuses what run would refuse", async () => {
    const outcome = await cli(["config", "check"]);
    expect([outcome.code, outcome.stdout]).toEqual([2, ""]);
    expect(outcome.stderr).toContain("tenant_id is required");
  });
});
