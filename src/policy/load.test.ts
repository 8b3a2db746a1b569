import { describe, expect, it } from "vitest";
import { FAKE_PID, type FakeHost, fakeHost } from "../../test/support/fake-host.ts";
import { AgentError } from "../model/errors.ts";
import { type ConfigRequest, DEFAULT_CONFIG_FILE, loadConfig } from "./load.ts";
import { environmentName, KEYS, settingOf } from "./settings.ts";

/** The lines of the refusal; none when the configuration is accepted. */
function refusal(request: ConfigRequest, host: FakeHost = {}): string[] {
  try {
    loadConfig(request, fakeHost(host));
    return [];
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    expect(error.code).toBe("CONFIG_INVALID");
    return error.message.split("\n");
  }
}

const TENANT = { tenant_id: "acme" };

describe("loadConfig", () => {
  it("needs a tenant and nothing else", () => {
    expect(refusal({})).toEqual([
      "tenant_id is required: set it in the configuration file or PROBECTL_EBPF_TENANT_ID or --tenant-id",
    ]);
    const { config, warnings } = loadConfig({ flags: TENANT }, fakeHost());
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      tenantId: "acme",
      host: "node-1",
      bus: { mode: "memory" },
      fixturePath: "",
      fixtureFallback: false,
      ringBufferBytes: 16_777_216,
      procRoot: "/proc",
      flushIntervalMs: 10_000,
      serviceEdgesMax: 50_000,
      healthAddress: null,
      uiAddress: null,
      log: { level: "info", format: "json" },
    });
  });

  it("lets a flag win over the environment, that over the file, that over the profile", () => {
    const environment = { PROBECTL_EBPF_HOST: "from-env", PROBECTL_EBPF_LOG_LEVEL: "warn" };
    const files = {
      "c.yaml": "host: from-file\nlog_level: error\nflush_interval: 1m\nlog_format: json\n",
    };
    const { config } = loadConfig(
      { configFile: "c.yaml", profile: "local", flags: { host: "from-flag" } },
      fakeHost({ environment, files }),
    );
    expect(config).toMatchObject({
      tenantId: "local",
      host: "from-flag",
      flushIntervalMs: 60_000,
      uiAddress: { host: "127.0.0.1", port: 8612 },
      log: { level: "warn", format: "json" },
    });
  });

  it("reads the default file when it exists, but not for a profile", () => {
    const files = { [DEFAULT_CONFIG_FILE]: "tenant_id: installed\n" };
    expect(loadConfig({}, fakeHost({ files })).config.tenantId).toBe("installed");
    const local = loadConfig({ profile: "local" }, fakeHost({ files }));
    expect(local.config.tenantId).toBe("local");
  });

  it("refuses a named file that is missing, and a default file it may not read", () => {
    expect(refusal({ configFile: "nope.yaml" })).toEqual([
      "the configuration file nope.yaml cannot be read (ENOENT): correct --config or the file",
    ]);
    expect(refusal({ configFile: "a\nb", flags: TENANT })).toHaveLength(1);
    expect(refusal({ configFile: "bad" }, { files: { bad: "a: b: c" } })).toHaveLength(1);
    const files = { [DEFAULT_CONFIG_FILE]: "unreadable" };
    expect(refusal({ flags: TENANT }, { files })[0]).toContain("cannot be read (EACCES)");
  });

  it("takes every key from its environment variable, and has one variable for each", () => {
    expect(new Set(KEYS.map(environmentName)).size).toBe(KEYS.length);
    for (const key of KEYS) {
      // A text no format takes, except those of free text.
      const value = "\0";
      const lines = refusal(
        { flags: key === "tenant_id" ? {} : TENANT },
        { environment: { [environmentName(key)]: value } },
      );
      const isFreeText = ["bus.sasl.user", "bus.sasl.password", "l7_capture_scope"].includes(key);
      if (!isFreeText) expect(lines.join("\n")).toContain(`from ${environmentName(key)}`);
    }
  });

  it("has defaults that parse, whatever the key", () => {
    for (const key of KEYS) {
      expect(settingOf(key).format.parse(settingOf(key).default), key).toHaveProperty("value");
    }
  });

  it("names variables as the documented agent does", () => {
    expect(
      (["bus.tls.ca_file", "l7_capture_enabled", "l7_capture_scope", "ring_buffer_bytes"] as const)
        .map(environmentName)
        .join(" "),
    ).toBe(
      "PROBECTL_EBPF_BUS_TLS_CA_FILE PROBECTL_EBPF_L7_CAPTURE PROBECTL_EBPF_L7_SCOPE PROBECTL_EBPF_RING_BUFFER_BYTES",
    );
  });

  it("refuses unknown variables, but not those of a Kubernetes service", () => {
    const environment = {
      PROBECTL_EBPF_TENNANT_ID: "x",
      PROBECTL_EBPF_AGENT_SERVICE_HOST: "10.0.0.1",
      PROBECTL_EBPF_AGENT_SERVICE_PORT_METRICS: "9469",
      PROBECTL_EBPF_AGENT_PORT_9469_TCP_ADDR: "10.0.0.1",
      PROBECTL_OTHER: "x",
    };
    expect(refusal({ flags: TENANT }, { environment })).toEqual([
      'the environment has an unknown variable "PROBECTL_EBPF_TENNANT_ID": did you mean PROBECTL_EBPF_TENANT_ID?',
    ]);
  });

  it("collects every problem, a line each, and masks secrets", () => {
    const files = {
      "c.yaml": "flush_interval: 10\nhots: x\nbus:\n  sasl:\n    password: [hunter2]\n",
    };
    const environment = { PROBECTL_EBPF_UI_ADDR: "0.0.0.0:80", PROBECTL_EBPF_BUS_NAMESPACE: "A" };
    const lines = refusal(
      { configFile: "c.yaml", flags: { ...TENANT, log_level: "trace\nx" } },
      { files, environment },
    );
    expect(lines).toHaveLength(6);
    expect(lines.join("\n")).not.toContain("hunter2");
    for (const expected of [
      'c.yaml:2 holds an unknown key "hots": did you mean host?',
      "bus.sasl.password: ******** is not a password (from c.yaml:5)",
      'bus.namespace: "A" is not 1 to 63 of a-z, 0-9 and -, not starting with - (from PROBECTL_EBPF_BUS_NAMESPACE)',
      'ui_addr: "0.0.0.0:80" is not a loopback address such as 127.0.0.1:8612 or [::1]:8612, or off (from PROBECTL_EBPF_UI_ADDR)',
      'log_level: "trace\\nx" is not one of debug, info, warn, error (from --log-level)',
    ]) {
      expect(lines).toContain(expected);
    }
    expect(lines.find((line) => line.startsWith("flush_interval"))).toMatch(
      /"10" is not a duration/,
    );
  });

  it.each(["user:SECRET@host:1", "a:1,user:SEC,RET@host:1", "SECRET@host:1"])(
    "does not repeat %s, which may hold a password",
    (brokers) => {
      const text = refusal(
        { flags: TENANT },
        { environment: { PROBECTL_EBPF_BUS_BROKERS: brokers } },
      );
      const list = brokers.split(",").map((item) => JSON.stringify(item));
      const files = { "c.yaml": `bus:\n  brokers: [${list}]\n` };
      const sequence = refusal({ configFile: "c.yaml", flags: TENANT }, { files });
      for (const [line, ...others] of [text, sequence]) {
        expect(line).toMatch(/^bus\.brokers: \*{8} is not a host name or IPv4 address with port/);
        expect(line).not.toMatch(/user|SEC|RET/);
        expect(others).toEqual([]);
      }
    },
  );

  it("names the first hundred of any number of problems and counts the rest", () => {
    const scope = Array.from({ length: 200_000 }, (_, index) => index % 10).join(",");
    const files = { "c.yaml": `l7_capture_scope: "${scope}"\n` };
    const lines = refusal({ configFile: "c.yaml", flags: TENANT }, { files });
    expect(lines).toHaveLength(101);
    // Two of the three keys are not set either.
    expect(lines.at(-1)).toBe("and 199902 more: correct these first");
    expect(lines.at(-2)).toBe(
      'l7_capture_scope: "7" is not pid:<n>, exe:/abs/path or cgroup:/abs/dir: write it as one of them',
    );
  });

  it("does not judge a key twice that has no good value of its own", () => {
    const environment = { PROBECTL_EBPF_BUS_MODE: "kafka", PROBECTL_EBPF_BUS_TLS_ENABLED: "yes" };
    const lines = refusal({ flags: TENANT }, { environment });
    expect(lines.filter((line) => line.startsWith("bus.tls.enabled"))).toHaveLength(1);
  });

  it("refuses an unknown profile", () => {
    expect(refusal({ profile: "prod", flags: TENANT })).toEqual([
      '--profile: "prod" is not one of local: correct or remove it',
    ]);
  });

  it("refuses a fixture it cannot read", () => {
    expect(refusal({ flags: { ...TENANT, fixture_path: "f.json" } })).toEqual([
      'fixture_path: "f.json" cannot be read (ENOENT): name a JSON file of recorded flows',
    ]);
    const files = { "f.json": "[]" };
    const loaded = loadConfig(
      { flags: { ...TENANT, fixture_path: "f.json" } },
      fakeHost({ files }),
    );
    expect(loaded.config.fixturePath).toBe("f.json");
  });

  it.each([
    ["bus.mode", "otlp", "otlp is not available in this version"],
    ["l7_fixture_path", "x.json", "replay of L7 fixtures is not available in this version"],
    ["l7_capture_enabled", "true", "is not set, and the others"],
    [
      "bus.tls.trust_domain",
      "a.b",
      "pinning of SPIFFE identities is not available in this version",
    ],
  ] as const)("refuses %s, which would mislead", (key, value, expected) => {
    expect(refusal({ flags: { ...TENANT, [key]: value } }).join("\n")).toContain(expected);
  });

  it("warns of keys that change nothing, unless they have their default", () => {
    const environment = {
      PROBECTL_EBPF_SPOOL_PATH: "/data",
      PROBECTL_EBPF_SPOOL_MAX_BYTES: "536870912",
      PROBECTL_EBPF_L7_CONN_IDLE_TTL: "300s",
      PROBECTL_EBPF_BUS_BROKERS: "a:1",
    };
    expect(loadConfig({ flags: TENANT }, fakeHost({ environment })).warnings).toEqual([
      "bus.brokers has no effect while bus.mode is memory: it is for kafka",
      "spool.path has no effect: store and forward is not part of this version",
    ]);
  });

  it("refuses its own process in a capture scope", () => {
    const environment = { PROBECTL_EBPF_L7_SCOPE: `pid:${FAKE_PID}` };
    expect(refusal({ flags: TENANT }, { environment }).join("\n")).toContain(
      "is the agent itself, which is never in scope",
    );
  });
});
