import { describe, expect, it } from "vitest";
import { counter, type Metric } from "../model/metric.ts";
import { metricsText, processMetrics } from "./metrics-text.ts";

function sample(name: string, value: number, labels?: Record<string, string>): Metric {
  return counter(name, `Help of ${name}.`, value, labels);
}

describe("metricsText", () => {
  it("groups by name, in an order that does not depend on the input", () => {
    const metrics = [
      sample("dropped_total", 2, { stage: "ring", reason: "full" }),
      sample("calls_total", 1),
      sample("dropped_total", 1, { reason: "bound", stage: "map" }),
    ];
    const text = [
      "# HELP probectl_ebpf_calls_total Help of calls_total.",
      "# TYPE probectl_ebpf_calls_total counter",
      "probectl_ebpf_calls_total 1",
      "# HELP probectl_ebpf_dropped_total Help of dropped_total.",
      "# TYPE probectl_ebpf_dropped_total counter",
      'probectl_ebpf_dropped_total{reason="bound",stage="map"} 1',
      'probectl_ebpf_dropped_total{reason="full",stage="ring"} 2',
      "",
    ].join("\n");
    expect(metricsText(metrics)).toBe(text);
    expect(metricsText(metrics.toReversed())).toBe(text);
  });

  it("escapes help and label values", () => {
    const text = metricsText([
      { name: "x", help: "a\\b\nc", type: "gauge", value: 1, labels: { l: 'q"\\\n' } },
    ]);
    expect(text).toBe(
      '# HELP probectl_ebpf_x a\\\\b\\nc\n# TYPE probectl_ebpf_x gauge\nprobectl_ebpf_x{l="q\\"\\\\\\n"} 1\n',
    );
  });

  it("writes every number Prometheus knows", () => {
    const values = [0.5, 2 ** 53, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    const samples = values.map((value, index) => sample("x", value, { i: String(index) }));
    expect(metricsText(samples, "").match(/(?<=\} ).*/g)).toEqual([
      "0.5",
      "9007199254740992",
      "+Inf",
      "-Inf",
      "NaN",
    ]);
  });

  it.each([
    ["a sample given twice", [sample("x", 1, { a: "1" }), sample("x", 2, { a: "1" })]],
    ["a name with two types", [sample("x", 1), { ...sample("x", 1, { a: "1" }), type: "gauge" }]],
    ["a malformed name", [sample("x-y", 1)]],
    ["a malformed label", [sample("x", 1, { "a-b": "1" })]],
  ] as [string, Metric[]][])("throws for %s", (_fault, metrics) => {
    expect(() => metricsText(metrics)).toThrow(/^metric: /);
  });
});

describe("processMetrics", () => {
  it("tells CPU time, memory and start of this process", () => {
    const text = metricsText(processMetrics(), "");
    const value = (name: string): number =>
      Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
    expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1 << 20);
    expect(value("process_start_time_seconds")).toBeLessThanOrEqual(Date.now() / 1000);
    expect(value("process_start_time_seconds")).toBeGreaterThan(1.6e9);
  });
});
