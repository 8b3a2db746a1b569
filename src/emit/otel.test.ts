import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as stable from "@opentelemetry/semantic-conventions";
import * as incubating from "@opentelemetry/semantic-conventions/incubating";
import { describe, expect, it } from "vitest";
import { sampleFlow } from "../../test/support/kafka/batches.ts";
import { flowAttributes, SCHEMA_URL } from "./otel.ts";

const published = new Set<unknown>(
  [...Object.entries(stable), ...Object.entries(incubating)]
    .filter(([constant]) => constant.startsWith("ATTR_"))
    .map(([, name]) => name),
);

describe("the attributes of a flow", () => {
  it("have no invented names", () => {
    const names = Object.keys(flowAttributes(sampleFlow()));
    const ours = names.filter((name) => !published.has(name));
    expect(ours).toEqual(["probectl.tenant.id", "probectl.agent.id"]);
  });

  it("carry the flow", () => {
    expect(flowAttributes(sampleFlow({ processName: "curl" }))).toEqual({
      "probectl.tenant.id": "acme",
      "probectl.agent.id": "node-1",
      "host.name": "node-1.example",
      "source.address": "10.0.0.7",
      "source.port": 51_234,
      "destination.address": "2001:db8::5",
      "destination.port": 443,
      "network.transport": "tcp",
      "network.type": "ipv6",
      "network.io.direction": "transmit",
      "process.pid": 4_194_303,
      "process.executable.name": "curl",
      "container.id": "0123456789abcdef".repeat(4),
    });
  });

  it("use the values the conventions list", () => {
    const direction = (value: "ingress" | "egress") =>
      flowAttributes(sampleFlow({ direction: value }))["network.io.direction"];
    expect(direction("egress")).toBe(incubating.NETWORK_IO_DIRECTION_VALUE_TRANSMIT);
    expect(direction("ingress")).toBe(incubating.NETWORK_IO_DIRECTION_VALUE_RECEIVE);
  });

  it("leave out what is not known", () => {
    const names = Object.keys(
      flowAttributes(sampleFlow({ pid: 0, processName: "", containerId: "", sourcePort: 0 })),
    );
    for (const name of ["process.pid", "process.executable.name", "container.id", "source.port"]) {
      expect(names).not.toContain(name);
    }
    expect(names).toContain("source.address");
  });

  it("name the version the list of names has", () => {
    const manifest = new URL(
      "../package.json",
      `file://${createRequire(import.meta.url).resolve("@opentelemetry/semantic-conventions")}`,
    );
    const { version } = JSON.parse(readFileSync(manifest, "utf8"));
    expect(SCHEMA_URL).toBe(`https://opentelemetry.io/schemas/${version}`);
  });
});
