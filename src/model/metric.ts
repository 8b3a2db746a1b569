/** One sample of a self-observation counter or gauge. */
export interface Metric {
  /** Without the `probectl_ebpf_` prefix; counters end in `_total` unless the contract names them otherwise. */
  name: string;
  help: string;
  type: "counter" | "gauge";
  value: number;
  /** Closed value sets only: never an address, path, pid or executable of a workload. */
  labels?: Readonly<Record<string, string>>;
}
