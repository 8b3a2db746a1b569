/** The latest flows for the live page: a ring of the given number of them. */

import type { Flow } from "../model/flow.ts";
import type { LiveFlow } from "../model/live-view.ts";

const NANOS_PER_MILLI = 1_000_000;

export class RecentFlows {
  readonly #max: number;
  readonly #ring: Flow[] = [];
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(flow: Flow): void {
    if (this.#max > 0) {
      this.#ring[this.#count % this.#max] = flow;
    }
    this.#count++;
  }

  /** Most recent first. */
  toLiveFlows(): LiveFlow[] {
    const rows: LiveFlow[] = [];
    for (let back = 1; back <= this.#ring.length; back++) {
      const sequence = this.#count - back;
      const flow = this.#ring[sequence % this.#max];
      if (flow !== undefined) {
        rows.push(toLiveFlow(flow, sequence));
      }
    }
    return rows;
  }
}

function toLiveFlow(flow: Flow, sequence: number): LiveFlow {
  return {
    sequence,
    observedUnixMs: Number(flow.observedAtUnixNano / BigInt(NANOS_PER_MILLI)),
    sourceAddress: flow.sourceAddress,
    sourcePort: flow.sourcePort,
    destinationAddress: flow.destinationAddress,
    destinationPort: flow.destinationPort,
    transport: flow.networkTransport,
    type: flow.networkType,
    pid: flow.pid,
    uid: flow.uid,
    processName: flow.processName,
    containerId: flow.containerId,
    workload: flow.workload,
    direction: flow.direction,
    role: flow.role,
    state: flow.state,
    bytesSent: flow.bytesSent,
    bytesReceived: flow.bytesReceived,
    packets: flow.packets,
    retransmits: flow.retransmits,
    srttMs: flow.srttNano / NANOS_PER_MILLI,
    durationMs: flow.durationNano / NANOS_PER_MILLI,
  };
}
