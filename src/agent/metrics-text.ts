/**
 * Prometheus text exposition format 0.0.4. Samples are ordered by name and labels, so that two
 * scrapes differ in values alone.
 */

import { counter, gauge, type Metric } from "../model/metric.ts";

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const METRICS_PREFIX = "probectl_ebpf_";

/**
 * The text of all samples. The first help of a name stands for all its samples. A name or label
 * that is malformed, one name with two types, or one sample given twice is a bug and throws:
 * Prometheus would reject the whole answer.
 */
export function metricsText(metrics: readonly Metric[], prefix = METRICS_PREFIX): string {
  const families = new Map<string, { first: Metric; samples: Map<string, string> }>();
  for (const metric of metrics) {
    const name = prefix + metric.name;
    const family = families.get(name) ?? { first: metric, samples: new Map<string, string>() };
    const labels = labelText(metric.labels ?? {});
    requireSound(family.first.type === metric.type, `${name} has two types`);
    requireSound(!family.samples.has(labels), `${name}${labels} is given twice`);
    requireSound(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name), `${name} is not a metric name`);
    family.samples.set(labels, numberText(metric.value));
    families.set(name, family);
  }
  return [...families]
    .sort(byName)
    .map(([name, { first, samples }]) => {
      const lines = [...samples].sort(byName).map(([labels, value]) => `${name}${labels} ${value}`);
      const help = first.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
      return `# HELP ${name} ${help}\n# TYPE ${name} ${first.type}\n${lines.join("\n")}\n`;
    })
    .join("");
}

/** What Prometheus client libraries call the process metrics; they have no prefix. */
export function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const startSeconds = Math.round(performance.timeOrigin) / 1000;
  const rss = process.memoryUsage.rss();
  return [
    counter("process_cpu_seconds_total", "User and system CPU time in seconds.", cpuSeconds),
    gauge("process_resident_memory_bytes", "Resident memory in bytes.", rss),
    gauge("process_start_time_seconds", "Start in seconds since the Unix epoch.", startSeconds),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(byName);
  if (pairs.length === 0) return "";
  const texts = pairs.map(([name, value]) => {
    requireSound(/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name), `${name} is not a label name`);
    return `${name}="${escapeLabel(value)}"`;
  });
  return `{${texts.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function byName(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}

function requireSound(condition: boolean, fault: string): void {
  if (!condition) throw new Error(`metric: ${fault}`);
}
