import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfigFile } from "./config-file.ts";

function problems(text: string): string[] {
  return parseConfigFile(text, "a.yaml").problems.map(({ line }) => line);
}

describe("parseConfigFile", () => {
  it("reads sections, sequences and texts with their lines", () => {
    const file = parseConfigFile(
      "tenant_id: 007\nbus:\n  mode: kafka\n  brokers: [a:1, b:2]\n  tls:\n    enabled: true\n",
      "a.yaml",
    );
    expect(file.problems).toEqual([]);
    expect(Object.fromEntries(file.values)).toEqual({
      tenant_id: { raw: "007", line: 1 },
      "bus.mode": { raw: "kafka", line: 3 },
      "bus.brokers": { raw: ["a:1", "b:2"], line: 4 },
      "bus.tls.enabled": { raw: "true", line: 6 },
    });
  });

  it("takes an empty file, a comment and an empty section as nothing", () => {
    for (const text of ["", "# nothing\n", "bus:\n", "bus: ~\n"]) {
      const file = parseConfigFile(text, "a.yaml");
      expect([file.values.size, file.problems.length]).toEqual([0, 0]);
    }
  });

  it("takes a key without a value as the empty value", () => {
    for (const text of ["host:", "host: ~", "host: null", 'host: ""']) {
      expect(parseConfigFile(text, "a.yaml").values.get("host")?.raw).toBe("");
    }
    expect(parseConfigFile('host: "null"', "a.yaml").values.get("host")?.raw).toBe("null");
  });

  it.each([
    ["tenant: x", 'a.yaml:1 holds an unknown key "tenant": did you mean tenant_id?'],
    ["bus:\n  brokrs: x", 'a.yaml:2 holds an unknown key "bus.brokrs": did you mean bus.brokers?'],
    ["bus.mode: file", "write it nested, one level for each dot"],
    ["zzzzzzzz: 1", "see docs/configuration.md"],
    ["? [x]\n: 1", 'a.yaml:1 holds an unknown key ""'],
    ["__proto__: 1", 'holds an unknown key "__proto__"'],
    ["<<: {host: x}", 'holds an unknown key "<<"'],
    ["bus: kafka", "gives bus one value, but it is a section: set keys such as bus.mode"],
    ["host: {a: 1}", "gives host neither a value nor a list of values"],
    ["host: &a x\ntenant_id: *a", "gives tenant_id neither a value nor a list of values"],
    ["bus:\n  brokers: [[a]]", "gives bus.brokers neither a value nor a list of values"],
    ["just text", "a.yaml:1 holds no keys"],
    ["- host", "a.yaml:1 holds no keys"],
    ["host: a\nhost: b", "a.yaml:2 is not valid YAML (DUPLICATE_KEY)"],
    ["host: !!int 3", "a.yaml:1 is not valid YAML (TAG_RESOLVE_FAILED)"],
    ["host: a\n---\nhost: b", "is not valid YAML (MULTIPLE_DOCS)"],
  ])("refuses %j", (text, expected) => {
    const lines = problems(text);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
  });

  it("never quotes the text around a syntax error, which may hold a password", () => {
    const lines = problems("bus:\n  sasl:\n    password: hunter2: [\n");
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain("hunter2");
  });

  it("answers any text with values and one-line problems", () => {
    const piece = fc.constantFrom(
      "bus",
      "host",
      ":",
      " ",
      "\n",
      "-",
      "[",
      "{",
      "}",
      "*a",
      "&a",
      '"',
      "~",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
        const lines = problems(pieces.join(""));
        expect(lines.filter((line) => /[\n\r]/.test(line))).toEqual([]);
      }),
    );
    expect(problems("[".repeat(10_000)).length).toBeLessThanOrEqual(5);
  });
});
