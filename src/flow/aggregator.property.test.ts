/** What holds for every sequence of records: nothing counted twice, nothing negative. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, flowRecord, type RecordFields } from "../../test/support/flow-records.ts";
import { flowStage, metricOf } from "../../test/support/flow-stage.ts";
import { FLOW_RECORD_SIZE, FlowFlag, FlowRecordKind } from "../model/flow-record.ts";
import type { FlowAggregator } from "./aggregator.ts";

const U32 = 2 ** 32;

/** What one connection does: the traffic between its records, in order. */
interface Life {
  /** The step before which the OPEN is written: its owner may be known late, or never. */
  opensBefore: number;
  preexisting: boolean;
  /** Bytes and packets before each snapshot, and before the close. */
  steps: { sent: number; received: number; packets: number }[];
}

interface Totals {
  connections: number;
  sent: number;
  received: number;
  packets: number;
}

const step = fc.record({
  sent: fc.oneof(fc.constant(0), fc.nat(), fc.constant(2 ** 40)),
  received: fc.oneof(fc.constant(0), fc.nat()),
  packets: fc.oneof(fc.constant(0), fc.nat(1000), fc.constant(0x7fff_ffff)),
});
const life: fc.Arbitrary<Life> = fc.record({
  opensBefore: fc.nat(5),
  preexisting: fc.boolean(),
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
});

/** The records the kernel would write; the connection's number is its id and source port. */
function recordsOf(number: number, { opensBefore, preexisting, steps }: Life): RecordFields[] {
  const records: RecordFields[] = [];
  const totals = { sent: 0, received: 0, packets: 0 };
  let flags = preexisting ? FlowFlag.Preexisting : 0;
  const write = (kind: number) => {
    records.push({
      kind,
      flags,
      connection_id: number,
      local_port: number,
      start_mono_ns: preexisting ? 0 : 1000 + number,
      observed_mono_ns: 10_000 + records.length,
      bytes_sent: totals.sent,
      bytes_received: totals.received,
      packets_sent: totals.packets % U32,
    });
  };
  steps.forEach(({ sent, received, packets }, index) => {
    if (index === opensBefore) {
      write(FlowRecordKind.Open);
      flags |= FlowFlag.OpenSent;
    }
    totals.sent += sent;
    totals.received += received;
    totals.packets += packets;
    const last = index === steps.length - 1;
    write(last ? FlowRecordKind.Close : FlowRecordKind.Snapshot);
    flags |= FlowFlag.SnapshotSent;
  });
  return records;
}

/** What the connection's flows must add up to when no record is lost. */
function totalsOf({ preexisting, steps }: Life): Totals {
  const counted = preexisting ? steps.slice(1) : steps;
  return counted.reduce<Totals>(
    (sum, { sent, received, packets }) => ({
      connections: 1,
      sent: sum.sent + sent,
      received: sum.received + received,
      packets: sum.packets + packets,
    }),
    { connections: 1, sent: 0, received: 0, packets: 0 },
  );
}

/** The drained flows added up by source port; the edge's connections under port -1. */
function drainTotals(stage: FlowAggregator): Map<number, Totals> {
  const { flows, edges } = stage.drain();
  const sums = new Map<number, Totals>();
  for (const flow of flows) {
    expect(Math.min(flow.bytesSent, flow.bytesReceived, flow.packets)).toBeGreaterThanOrEqual(0);
    expect(flow.bytes).toBe(flow.bytesSent + flow.bytesReceived);
    const sum = sums.get(flow.sourcePort) ?? { connections: 0, sent: 0, received: 0, packets: 0 };
    sum.sent += flow.bytesSent;
    sum.received += flow.bytesReceived;
    sum.packets += flow.packets;
    sums.set(flow.sourcePort, sum);
  }
  const bytes = flows.reduce((sum, flow) => sum + flow.bytes, 0);
  expect(edges.reduce((sum, edge) => sum + edge.bytes, 0)).toBe(bytes);
  const connections = edges.reduce((sum, edge) => sum + edge.connections, 0);
  sums.set(-1, { connections, sent: 0, received: 0, packets: 0 });
  return sums;
}

function expectAtMost(stage: FlowAggregator, lives: readonly Life[]): void {
  const sums = drainTotals(stage);
  lives.forEach((one, index) => {
    const sum = sums.get(index + 1) ?? { sent: 0, received: 0, packets: 0 };
    const total = totalsOf(one);
    expect(sum.sent).toBeLessThanOrEqual(total.sent);
    expect(sum.received).toBeLessThanOrEqual(total.received);
    expect(sum.packets).toBeLessThanOrEqual(total.packets);
  });
  expect(sums.get(-1)?.connections).toBeLessThanOrEqual(lives.length);
  expectLedger(stage);
}

function expectLedger(stage: FlowAggregator): void {
  const value = (name: string, reason?: string) => metricOf(stage.metrics(), name, reason);
  expect(value("observed_total")).toBe(
    value("records_skipped_total", "malformed") +
      value("records_skipped_total", "stale") +
      value("records_skipped_total", "unchanged") +
      value("records_skipped_total", "untracked") +
      value("connect_failed_total") +
      value("flows_total"),
  );
  expect(value("flows_total")).toBe(
    value("flows_drained_total") +
      value("flows_pending") +
      value("flows_dropped_total", "pending_full"),
  );
}

/** Merges sequences at random, each in its own order. */
function interleave<T>(sequences: readonly T[][], picks: readonly number[]): T[] {
  const rest = sequences.map((sequence) => [...sequence]);
  const merged: T[] = [];
  for (let turn = 0; rest.some((sequence) => sequence.length > 0); turn++) {
    const open = rest.filter((sequence) => sequence.length > 0);
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) {
      merged.push(next);
    }
  }
  return merged;
}

describe("the sum over all flows", () => {
  it("is the connection's total, however connections interleave", () => {
    const lives = fc.array(life, { minLength: 1, maxLength: 6 });
    const picks = fc.array(fc.nat(5), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(lives, picks, (connections, order) => {
        const stage = flowStage();
        const sequences = connections.map((one, index) => recordsOf(index + 1, one));
        for (const record of interleave(sequences, order)) {
          stage.ingest(flowRecord(record));
        }
        const sums = drainTotals(stage);
        connections.forEach((one, index) => {
          const { connections: _, ...expected } = totalsOf(one);
          expect(sums.get(index + 1)).toMatchObject(expected);
        });
        expect(sums.get(-1)?.connections).toBe(connections.length);
        expect(metricOf(stage.metrics(), "connections_tracked")).toBe(0);
        expectLedger(stage);
      }),
      { numRuns: 300 },
    );
  });

  it("is never more than the total when records are lost and swapped", () => {
    const shuffled = fc
      .array(life, { minLength: 1, maxLength: 4 })
      .chain((lives) =>
        fc.tuple(
          fc.constant(lives),
          fc.shuffledSubarray(lives.flatMap((one, index) => recordsOf(index + 1, one))),
        ),
      );
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 0, max: 3 }), ([lives, records], max) => {
        const stage = flowStage({ maxTrackedConnections: max });
        stage.ingest(concat(records.map(flowRecord)));
        expectAtMost(stage, lives);
      }),
      { numRuns: 1000 },
    );
  });

  it("is never more than the total when records are lost and connections forgotten", () => {
    const lives = fc.array(life, { minLength: 1, maxLength: 4 });
    const picks = fc.array(fc.nat(5), { minLength: 1, maxLength: 40 });
    const fates = fc.array(fc.constantFrom("take", "lose", "sweep"), { minLength: 1 });
    fc.assert(
      fc.property(lives, picks, fates, (connections, order, fate) => {
        const stage = flowStage();
        const sequences = connections.map((one, index) => recordsOf(index + 1, one));
        interleave(sequences, order).forEach((record, index) => {
          if (fate[index % fate.length] !== "lose") {
            stage.ingest(flowRecord(record));
          }
          if (fate[index % fate.length] === "sweep") {
            stage.snapshotComplete();
          }
        });
        expectAtMost(stage, connections);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("any bytes", () => {
  it("are taken without a throw and accounted for", () => {
    const nearlyValid = fc
      .tuple(
        fc.uint8Array({ minLength: FLOW_RECORD_SIZE, maxLength: FLOW_RECORD_SIZE }),
        fc.constantFrom(1, 2, 3, 4),
        fc.constantFrom(4, 6),
        fc.constantFrom(6, 17),
        fc.constantFrom(0, 1, 2),
      )
      .map(([bytes, kind, family, transport, role]) => {
        bytes.set([kind, family, transport, role], 120);
        bytes[7] = 0;
        return bytes;
      });
    const batch = fc.array(fc.oneof(nearlyValid, fc.uint8Array({ maxLength: 300 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(batch, (parts) => {
        const stage = flowStage({ maxServiceEdges: 2, maxPendingFlows: 3 });
        stage.ingest(concat(parts));
        stage.snapshotComplete();
        expectLedger(stage);
        stage.view();
        for (const flow of stage.drain().flows) {
          expect(Number.isSafeInteger(flow.bytes)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
