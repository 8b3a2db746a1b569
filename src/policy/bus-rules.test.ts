import { describe, expect, it } from "vitest";
import { fakeHost } from "../../test/support/fake-host.ts";
import { AgentError } from "../model/errors.ts";
import { loadConfig } from "./load.ts";
import type { Key } from "./settings.ts";

const FILES = { "ca.pem": "x", "cert.pem": "x", "key.pem": "x", "secret.pem": "unreadable" };
const KAFKA = { tenant_id: "acme", "bus.mode": "kafka", "bus.brokers": "a:9093,b:9093" } as const;
const TLS = { ...KAFKA, "bus.tls.enabled": "true" } as const;

function load(flags: Partial<Record<Key, string>>): ReturnType<typeof loadConfig> {
  return loadConfig({ flags }, fakeHost({ files: FILES }));
}

function problems(flags: Partial<Record<Key, string>>): string[] {
  try {
    load(flags);
    return [];
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return error.message.split("\n");
  }
}

describe("the kafka bus", () => {
  it("is refused without TLS, and without brokers", () => {
    expect(problems({ tenant_id: "acme", "bus.mode": "kafka" })).toEqual([
      "bus.brokers: is required for bus.mode kafka: set it such as kafka.example:9093",
      "bus.tls.enabled: is false, and kafka without TLS is refused: set it to true, or for development bus.allow_plaintext",
    ]);
  });

  it("takes plaintext only on request, and warns at every start", () => {
    const { config, warnings } = load({ ...KAFKA, "bus.allow_plaintext": "true" });
    expect(config.bus).toMatchObject({ tls: { enabled: false }, allowPlaintext: true });
    expect(warnings).toEqual([
      "bus.allow_plaintext is on: everything published crosses the network in the clear; development only",
    ]);
    const sasl = { "bus.sasl.mechanism": "plain", "bus.sasl.user": "u", "bus.sasl.password": "p" };
    expect(load({ ...KAFKA, "bus.allow_plaintext": "true", ...sasl }).warnings[0]).toContain(
      "SASL",
    );
  });

  it("says nothing about plaintext that TLS makes unused", () => {
    expect(load({ ...TLS, "bus.allow_plaintext": "true" }).warnings).toEqual([]);
  });

  it("carries everything the sink needs", () => {
    const { config } = load({
      ...TLS,
      "bus.namespace": "eu-1",
      "bus.tls.ca_file": "ca.pem",
      "bus.tls.cert_file": "cert.pem",
      "bus.tls.key_file": "key.pem",
      "bus.sasl.mechanism": "scram-sha-512",
      "bus.sasl.user": "agent",
      "bus.sasl.password": "hunter2",
      "bus.max_buffered": "10",
    });
    expect(config.bus).toEqual({
      mode: "kafka",
      brokers: ["a:9093", "b:9093"],
      namespace: "eu-1",
      tls: { enabled: true, caFile: "ca.pem", certFile: "cert.pem", keyFile: "key.pem" },
      allowPlaintext: false,
      sasl: { mechanism: "scram-sha-512", user: "agent", password: "hunter2" },
      maxBuffered: 10,
    });
  });

  it.each([
    [{ "bus.tls.cert_file": "cert.pem" }, "bus.tls.key_file: is missing"],
    [{ "bus.tls.key_file": "key.pem" }, "bus.tls.cert_file: is missing"],
    [{ "bus.tls.ca_file": "no.pem" }, 'bus.tls.ca_file: "no.pem" cannot be read (ENOENT)'],
    [
      { "bus.tls.cert_file": "cert.pem", "bus.tls.key_file": "secret.pem" },
      'bus.tls.key_file: "secret.pem" cannot be read (EACCES)',
    ],
    [{ "bus.sasl.mechanism": "plain", "bus.sasl.user": "u" }, "bus.sasl.password: is required"],
    [{ "bus.sasl.mechanism": "plain", "bus.sasl.password": "p" }, "bus.sasl.user: is required"],
    [{ "bus.sasl.user": "u" }, "bus.sasl.user: is set without bus.sasl.mechanism"],
    [{ "bus.sasl.mechanism": "gssapi" }, 'bus.sasl.mechanism: "gssapi" is not one of plain, scram'],
    [{ "bus.namespace": "-x" }, 'bus.namespace: "-x" is not'],
    [{ "bus.brokers": "a" }, 'bus.brokers: "a" is not a host name'],
  ])("refuses %j", (flags, expected) => {
    const lines = problems({ ...TLS, ...flags });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
  });

  it("refuses TLS files where TLS is off", () => {
    const flags = { ...KAFKA, "bus.allow_plaintext": "true", "bus.tls.ca_file": "ca.pem" };
    expect(problems(flags)).toEqual([
      "bus.tls.ca_file: is set but bus.tls.enabled is false: enable TLS or unset it",
    ]);
  });
});

describe("the file bus", () => {
  it("writes to standard output unless a path is named", () => {
    expect(load({ tenant_id: "acme", "bus.mode": "file" }).config.bus).toEqual({
      mode: "file",
      path: "-",
      format: "ndjson",
      maxBytes: 67_108_864,
      maxBuffered: 65_536,
    });
    expect(problems({ tenant_id: "acme", "bus.mode": "file", "bus.path": "" })).toEqual([
      "bus.path: is empty: name a file, or - for standard output",
    ]);
  });
});
