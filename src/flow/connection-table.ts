/**
 * Turns the cumulative counts of records into what is new since the connection's previous
 * record, so that over all records of a connection each byte and the connection itself count
 * exactly once.
 *
 * A connection is its id and its start time: ids are reused once a connection is over. Totals
 * are remembered only for connections seen in a SNAPSHOT; most connections are too short for
 * that and cost nothing here. An OPEN reports no bytes: what moved before it is part of the
 * next record's total.
 *
 * When the earlier total is not known, counting starts from the present one: a connection
 * older than the agent, and one whose earlier snapshot was forgotten. So a loss makes a count
 * too small, never too large.
 *
 * Bounds: `entriesMax` connections; a snapshot of one more adds nothing.
 */

import { FlowFlag, FlowRecordKind } from "../model/flow-record.ts";
import { ClosedConnections } from "./closed-connections.ts";
import type { FlowRecordReader } from "./record-reader.ts";

/** A packet counter wraps at 2^32; a step of more than half of that is one backwards. */
const PACKETS_STEP_MAX = 0x7fff_ffff;

/** Why a record adds nothing: see `observe`. */
export type SkipReason = "stale" | "unchanged" | "untracked";

/** What is new. The table hands out one object and overwrites it with the next record. */
export interface FlowDelta {
  /** 1 when this record is the first to tell of its connection. */
  connections: 0 | 1;
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
}

interface Entry {
  startMonoNs: number;
  observedMonoNs: number;
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
  /** The connection has been counted: an OPEN that still arrives must not count it again. */
  counted: boolean;
  generation: number;
}

export class ConnectionTable {
  readonly #entriesMax: number;
  readonly #entries = new Map<bigint, Entry>();
  readonly #closed = new ClosedConnections();
  readonly #delta: FlowDelta = {
    connections: 0,
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
  };
  #generation = 0;
  #snapshotsInGeneration = 0;

  /** Connections that vanished from the snapshots, or whose id was taken over, unclosed. */
  lost = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * What an OPEN, SNAPSHOT or CLOSE adds, or why it adds nothing: `stale` when a newer record
   * of its connection was seen, `unchanged` for a snapshot equal to the previous one,
   * `untracked` for one that found the table full.
   */
  observe(record: FlowRecordReader): FlowDelta | SkipReason {
    switch (record.kind) {
      case FlowRecordKind.Open:
        return this.#open(record);
      case FlowRecordKind.Snapshot:
        return this.#snapshot(record);
      default:
        return this.#close(record);
    }
  }

  /**
   * Every open connection has been through `observe` since the last call. Forgets those that
   * two snapshots in a row did not show: one is not enough, as a CLOSE may still wait on the
   * ring. An empty snapshot says nothing (no iterator, or a source without one).
   */
  snapshotComplete(): void {
    if (this.#snapshotsInGeneration === 0) {
      return;
    }
    for (const [id, entry] of this.#entries) {
      if (entry.generation < this.#generation - 1) {
        this.#entries.delete(id);
        this.lost++;
      }
    }
    this.#generation++;
    this.#snapshotsInGeneration = 0;
  }

  #open(record: FlowRecordReader): FlowDelta {
    const entry = this.#find(record);
    const counted =
      (record.flags & FlowFlag.SnapshotSent) !== 0 ||
      entry?.counted === true ||
      this.#closed.hasCounted(record);
    if (entry !== undefined) {
      entry.counted = true;
    }
    return this.#untouched(counted ? 0 : 1);
  }

  #snapshot(record: FlowRecordReader): FlowDelta | SkipReason {
    this.#snapshotsInGeneration++;
    const observedMonoNs = record.observedMonoNsApprox;
    const previous = this.#entries.get(record.connectionId);
    const overtaken = previous !== undefined && observedMonoNs < previous.observedMonoNs;
    if (overtaken || this.#closed.has(record)) {
      return "stale";
    }
    const entry = this.#find(record);
    if (entry === undefined) {
      if (this.#entries.size >= this.#entriesMax) {
        return "untracked";
      }
      this.#remember(record);
      return unlessZero(this.#first(record));
    }
    entry.observedMonoNs = observedMonoNs;
    entry.generation = this.#generation;
    return unlessZero(this.#advance(entry, record));
  }

  #close(record: FlowRecordReader): FlowDelta | "stale" {
    if (this.#closed.has(record)) {
      return "stale";
    }
    const entry = this.#find(record);
    if (entry === undefined) {
      const openMayFollow = (record.flags & FlowFlag.OpenSent) !== 0;
      this.#closed.add(record, !openMayFollow);
      return this.#first(record);
    }
    this.#entries.delete(record.connectionId);
    this.#closed.add(record, entry.counted);
    return this.#advance(entry, record);
  }

  /** The record's connection. One of the same id that started earlier was lost: forget it. */
  #find(record: FlowRecordReader): Entry | undefined {
    const entry = this.#entries.get(record.connectionId);
    const startMonoNs = record.startMonoNsApprox;
    // A start of 0 is "not known": the kernel learned of the connection late, or anew.
    if (entry === undefined || startMonoNs === 0 || startMonoNs === entry.startMonoNs) {
      return entry;
    }
    if (startMonoNs > entry.startMonoNs) {
      this.#entries.delete(record.connectionId);
      this.lost++;
    }
    return undefined;
  }

  /** SNAPSHOT or CLOSE of a connection that is not remembered. */
  #first(record: FlowRecordReader): FlowDelta {
    const flags = record.flags;
    const delta = this.#untouched(
      (flags & (FlowFlag.OpenSent | FlowFlag.SnapshotSent)) === 0 ? 1 : 0,
    );
    if ((flags & (FlowFlag.SnapshotSent | FlowFlag.Preexisting)) === 0) {
      delta.bytesSent = record.bytesSent;
      delta.bytesReceived = record.bytesReceived;
      delta.packetsSent = record.packetsSent;
      delta.packetsReceived = record.packetsReceived;
      delta.retransmits = record.retransmits;
    }
    return delta;
  }

  #remember(record: FlowRecordReader): void {
    this.#entries.set(record.connectionId, {
      startMonoNs: record.startMonoNsApprox,
      observedMonoNs: record.observedMonoNsApprox,
      bytesSent: record.bytesSent,
      bytesReceived: record.bytesReceived,
      packetsSent: record.packetsSent,
      packetsReceived: record.packetsReceived,
      retransmits: record.retransmits,
      counted: (record.flags & FlowFlag.OpenSent) === 0,
      generation: this.#generation,
    });
  }

  #advance(entry: Entry, record: FlowRecordReader): FlowDelta {
    const delta = this.#untouched(0);
    delta.bytesSent = Math.max(0, record.bytesSent - entry.bytesSent);
    delta.bytesReceived = Math.max(0, record.bytesReceived - entry.bytesReceived);
    delta.packetsSent = wrappingStep(entry.packetsSent, record.packetsSent);
    delta.packetsReceived = wrappingStep(entry.packetsReceived, record.packetsReceived);
    delta.retransmits = wrappingStep(entry.retransmits, record.retransmits);
    entry.bytesSent += delta.bytesSent;
    entry.bytesReceived += delta.bytesReceived;
    entry.packetsSent = (entry.packetsSent + delta.packetsSent) >>> 0;
    entry.packetsReceived = (entry.packetsReceived + delta.packetsReceived) >>> 0;
    entry.retransmits = (entry.retransmits + delta.retransmits) >>> 0;
    return delta;
  }

  #untouched(connections: 0 | 1): FlowDelta {
    const delta = this.#delta;
    delta.connections = connections;
    delta.bytesSent = 0;
    delta.bytesReceived = 0;
    delta.packetsSent = 0;
    delta.packetsReceived = 0;
    delta.retransmits = 0;
    return delta;
  }
}

function wrappingStep(before: number, now: number): number {
  const step = (now - before) >>> 0;
  return step > PACKETS_STEP_MAX ? 0 : step;
}

function unlessZero(delta: FlowDelta): FlowDelta | "unchanged" {
  const isZero =
    delta.connections === 0 &&
    delta.bytesSent === 0 &&
    delta.bytesReceived === 0 &&
    delta.packetsSent === 0 &&
    delta.packetsReceived === 0 &&
    delta.retransmits === 0;
  return isZero ? "unchanged" : delta;
}
