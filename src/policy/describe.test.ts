import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeHost } from "../../test/support/fake-host.ts";
import { parseConfigFile } from "./config-file.ts";
import { configurationDocs, maskedConfig } from "./describe.ts";
import { loadConfig } from "./load.ts";
import { KEYS } from "./settings.ts";

describe("maskedConfig", () => {
  const environment = {
    PROBECTL_EBPF_TENANT_ID: "acme",
    PROBECTL_EBPF_BUS_SASL_MECHANISM: "plain",
    PROBECTL_EBPF_BUS_SASL_USER: "agent",
    PROBECTL_EBPF_BUS_SASL_PASSWORD: "hunter2",
  };
  const files = {
    "c.yaml": "bus:\n  mode: kafka\n  brokers: [a:1, b:2]\n  tls: {enabled: true}\n",
  };
  const request = { configFile: "c.yaml", flags: { flush_interval: "1m" } };
  const loaded = loadConfig(request, fakeHost({ environment, files }));
  const text = maskedConfig(loaded.effective);

  it("masks secrets and tells origins", () => {
    expect(text).not.toContain("hunter2");
    for (const line of [
      'password: "********"  # PROBECTL_EBPF_BUS_SASL_PASSWORD',
      "tenant_id: acme  # PROBECTL_EBPF_TENANT_ID",
      "mode: kafka  # c.yaml:2",
      'brokers: ["a:1", "b:2"]  # c.yaml:3',
      "flush_interval: 1m  # --flush-interval",
      "proc_root: /proc\n",
    ]) {
      expect(text).toContain(line);
    }
  });

  it("masks an address with credentials in it", () => {
    const flags = { tenant_id: "acme", "bus.endpoint": "https://user:SECRET@host:4318" } as const;
    const masked = maskedConfig(loadConfig({ flags }, fakeHost()).effective);
    expect(masked).toContain('endpoint: "********"  # a flag');
    expect(masked).not.toContain("SECRET");
  });

  it("is a file that means the same, with every key", () => {
    const file = parseConfigFile(text, "out.yaml");
    expect(file.problems).toEqual([]);
    expect(file.values.size).toBe(KEYS.length);
    const again = loadConfig({ configFile: "out.yaml" }, fakeHost({ files: { "out.yaml": text } }));
    expect(again.config).toEqual({
      ...loaded.config,
      bus: { ...loaded.config.bus, sasl: expect.objectContaining({ password: "********" }) },
    });
  });

  it("keeps any text what it is", () => {
    const word = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("~", "null", "true", "-"));
    fc.assert(
      fc.property(fc.oneof(word, fc.array(word)), (raw) => {
        const yaml = maskedConfig([{ key: "host", raw, origin: "c.yaml:1" }]);
        expect(parseConfigFile(yaml, "x").values.get("host")?.raw).toEqual(raw);
      }),
    );
  });
});

describe("docs/configuration.md", () => {
  it("is generated from the table", async () => {
    await expect(configurationDocs()).toMatchFileSnapshot("../../docs/configuration.md");
  });

  it("has a row for every key", () => {
    const rows = configurationDocs()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows).toHaveLength(KEYS.length);
  });
});
