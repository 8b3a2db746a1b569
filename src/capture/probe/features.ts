/**
 * What the agent does, and which kernel and capabilities each part needs: the table of
 * `probe --json` and of the documentation. CAP_BPF and CAP_PERFMON are the contract; what would
 * need more is off.
 *
 * Sources of the kernel versions: BPF ring buffer and task_file iterator 5.8, tcp and udp
 * iterators 5.9, tracepoints sock_send_length and sock_recv_length 6.3, uprobe_multi links 6.6.
 */

import { isAtLeast, type KernelVersion } from "./kernel-version.ts";

export interface FeatureSupport {
  name: string;
  available: boolean;
  /** First kernel it works on, such as `5.8`. */
  needs_kernel: string;
  needs_caps: string[];
  /** Why it is not available, in one line; "" when it is. */
  reason: string;
}

interface Feature {
  name: string;
  needs: KernelVersion;
  planned?: true;
}

const FEATURES: readonly Feature[] = [
  // Opening, closing and failed TCP connections.
  { name: "l4_tcp", needs: { major: 5, minor: 8 } },
  // Connections that were there before the agent, with their owners.
  { name: "existing_sockets", needs: { major: 5, minor: 8 } },
  // The counts of long-lived connections at every flush.
  { name: "tcp_snapshots", needs: { major: 5, minor: 9 } },
  // The owner of a connection from its first send or receive.
  { name: "owner_from_io", needs: { major: 6, minor: 3 } },
  { name: "udp_flows", needs: { major: 6, minor: 3 } },
  { name: "l7_cleartext", needs: { major: 6, minor: 3 }, planned: true },
  { name: "l7_tls_uprobes", needs: { major: 6, minor: 6 }, planned: true },
];

/**
 * The table for a host.
 *
 * @param kernel undefined when the release could not be understood
 * @param unavailable why nothing can be captured live, "" when it can
 */
export function featureTable(
  kernel: KernelVersion | undefined,
  unavailable: string,
): FeatureSupport[] {
  return FEATURES.map((feature) => {
    const reason = reasonAgainst(feature, kernel, unavailable);
    return {
      name: feature.name,
      available: reason === "",
      needs_kernel: text(feature.needs),
      needs_caps: ["CAP_BPF", "CAP_PERFMON"],
      reason,
    };
  });
}

function reasonAgainst(
  { needs, planned }: Feature,
  kernel: KernelVersion | undefined,
  unavailable: string,
): string {
  if (planned) return "planned: not in this version";
  if (unavailable !== "" || kernel === undefined) return unavailable;
  return isAtLeast(kernel, needs) ? "" : `needs Linux ${text(needs)}, this is ${text(kernel)}`;
}

function text({ major, minor }: KernelVersion): string {
  return `${major}.${minor}`;
}
