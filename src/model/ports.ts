/**
 * The ports between the stages. `agent/pipeline.ts` alone connects them: a source hands flow
 * records to the aggregator, the aggregator asks the enricher who owns them, and a sink takes
 * the batch of each flush.
 */

import type { FlowBatch } from "./flow.ts";
import type { Metric } from "./metric.ts";

/**
 * Receives whole flow records back to back: `records.length` is a multiple of
 * FLOW_RECORD_SIZE. The bytes belong to the source and are valid only during the call.
 */
export type FlowRecordHandler = (records: Uint8Array) => void;

/** Where flow records come from. */
export interface FlowSource {
  readonly mode: "live" | "fixture";
  /** Attach and begin to deliver. Rejects with an AgentError when it cannot. */
  start(handler: FlowRecordHandler): Promise<void>;
  /** Deliver everything that waits, then a snapshot of every open connection. Before each flush. */
  collect(): void;
  /** True while attached and streaming; `/readyz` reports it. */
  ready(): boolean;
  metrics(): Metric[];
  /** Detach and free everything. Idempotent. */
  stop(): Promise<void>;
}

/** What a record says about the process that owns its socket. */
export interface ProcessReference {
  /** Thread group id in the initial pid namespace, 0 when nobody was seen using the socket. */
  pid: number;
  /** CLOCK_BOOTTIME start of the process, ns (exact to ~1 us as a number), 0 unknown. */
  startBootNs: number;
  /** Command name the kernel recorded, as the process chose it: not safe to print. */
  comm: string;
  /** Inode of the cgroup directory, 0 unknown. */
  cgroupId: number;
  cgroupV1: boolean;
}

/** Who a process is. Immutable; the same object is handed out for the same process. */
export interface ProcessIdentity {
  processName: string;
  /** 64 hex digits, or "" outside a container. */
  containerId: string;
  /** `docker`, `containerd`, `cri-o`, `podman`, or "". */
  containerRuntime: string;
  /** systemd unit such as `nginx.service`, or "". */
  systemdUnit: string;
  /** Kubernetes pod uid with dashes, or "". */
  podUid: string;
  /** Process name, plus `@` and the first 12 characters of the container id in a container. */
  workload: string;
}

export interface Enricher {
  /** Synchronous and cached. Never throws: what cannot be read is "". */
  identify(process: ProcessReference): ProcessIdentity;
  metrics(): Metric[];
}

/** Where batches go. */
export interface FlowSink {
  readonly name: "memory" | "file" | "kafka";
  /** Resolves once the sink has taken responsibility; rejects when the batch was not published. */
  publish(batch: FlowBatch): Promise<void>;
  metrics(): Metric[];
  /** Waits for what is in flight, bounded, then releases everything. Idempotent. */
  close(): Promise<void>;
}
