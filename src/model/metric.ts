/** The agent's counters and gauges about itself, as every stage reports them. */

/** One sample of a self-observation counter or gauge. */
export interface Metric {
  /** Without the `probectl_ebpf_` prefix; counters end in `_total` unless the contract names them otherwise. */
  name: string;
  /** A sentence, with its full stop. */
  help: string;
  type: "counter" | "gauge";
  value: number;
  /** Closed value sets only: never an address, path, pid or executable of a workload. */
  labels?: Labels;
}

export type Labels = Readonly<Record<string, string>>;

/** A sample of what only grows. */
export function counter(name: string, help: string, value: number, labels?: Labels): Metric {
  return { name, help, type: "counter", value, ...(labels && { labels }) };
}

/** A sample of what comes and goes. */
export function gauge(name: string, help: string, value: number, labels?: Labels): Metric {
  return { name, help, type: "gauge", value, ...(labels && { labels }) };
}
