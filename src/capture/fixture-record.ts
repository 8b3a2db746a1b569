/**
 * Writes fixture entries as flow records (layout: `model/flow-record.ts`), so that a recorded
 * flow takes the same path as a captured one.
 *
 * One entry is one record with its totals: a CLOSE without an OPEN before it, or the first
 * SNAPSHOT of an open connection. Either makes one Flow and counts one connection.
 */

import {
  FLOW_RECORD_OFFSETS as AT,
  FlowRecordKind,
  FlowRole,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../model/flow-record.ts";
import type { FixtureEntry } from "./fixture-entry.ts";

/** As in the kernel: 16 bytes with the NUL. */
const COMM_MAX = 15;
const NANOS_PER_MILLI = 1_000_000n;

/**
 * Write the record of `entry` over the 144 bytes of `view` at `at`, which must be zero.
 * `connectionId` is unique in the fixture; `observedMonoNs` is when the entry is replayed.
 */
export function writeFixtureRecord(
  view: DataView<ArrayBuffer>,
  at: number,
  entry: FixtureEntry,
  connectionId: number,
  observedMonoNs: bigint,
): void {
  const isClient = entry.direction === "egress";
  const start = observedMonoNs - BigInt(entry.durationMs) * NANOS_PER_MILLI;
  view.setBigUint64(at + AT.observed_mono_ns, observedMonoNs, true);
  view.setBigUint64(at + AT.connection_id, BigInt(connectionId), true);
  // A flow may be longer than this host is up; 0 says that its start is not known.
  view.setBigUint64(at + AT.start_mono_ns, entry.durationMs > 0 && start > 0n ? start : 0n, true);
  view.setBigUint64(at + AT.bytes_sent, BigInt(entry.bytes - entry.bytesReceived), true);
  view.setBigUint64(at + AT.bytes_received, BigInt(entry.bytesReceived), true);
  view.setUint32(at + AT.packets_sent, entry.packets - entry.packetsReceived, true);
  view.setUint32(at + AT.packets_received, entry.packetsReceived, true);
  view.setUint32(at + AT.srtt_us, entry.srttUs, true);
  view.setUint32(at + AT.pid, entry.pid, true);
  view.setUint32(at + AT.uid, entry.uid, true);
  view.setUint16(at + AT.local_port, isClient ? entry.sourcePort : entry.destinationPort, true);
  view.setUint16(at + AT.remote_port, isClient ? entry.destinationPort : entry.sourcePort, true);
  const { source, destination } = entry;
  bytesAt(view, at + AT.local_address, 16).set(isClient ? source : destination);
  bytesAt(view, at + AT.remote_address, 16).set(isClient ? destination : source);
  const isClose = entry.state === "close";
  view.setUint8(at + AT.kind, isClose ? FlowRecordKind.Close : FlowRecordKind.Snapshot);
  view.setUint8(at + AT.family, source.length === 4 ? 4 : 6);
  view.setUint8(at + AT.transport, entry.networkTransport === "udp" ? IPPROTO_UDP : IPPROTO_TCP);
  view.setUint8(at + AT.role, isClient ? FlowRole.Client : FlowRole.Server);
  new TextEncoder().encodeInto(entry.processName, bytesAt(view, at + AT.comm, COMM_MAX));
}

function bytesAt(view: DataView<ArrayBuffer>, at: number, size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}
