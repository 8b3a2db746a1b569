/**
 * A thousand connections over IPv4, IPv6 and IPv4-mapped addresses, within and across network
 * namespaces, by clients that exit at once: every record is compared with what the processes
 * themselves know. Then the same with fewer rights, and with a ring that is too small.
 */

import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlowFlag, FlowRecordKind, FlowRole } from "../../src/model/flow-record.ts";
import { requireOrSkip } from "../support/require.ts";
import { type Collector, type SeenRecord, startCollector } from "./support/collector.ts";
import { canCapture } from "./support/kernel.ts";
import { dial, joinNamespaces, type KnownEnd, serve } from "./support/peers.ts";

const DEFAULT_RING = 16 * 1024 * 1024;

/** CAP_BPF and CAP_PERFMON, nothing else, as an ordinary user, with no tracefs to be seen. */
const MINIMAL_RIGHTS = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'for at in /sys/kernel/tracing /sys/kernel/debug; do while mountpoint -q "$at"; do umount -R "$at" || exit 9; done; done; exec "$@"',
  "sh",
  "setpriv",
  "--reuid=1000",
  "--regid=1000",
  "--clear-groups",
  "--inh-caps=-all,+bpf,+perfmon",
  "--ambient-caps=-all,+bpf,+perfmon",
  "--bounding-set=-all,+bpf,+perfmon",
  "--no-new-privs",
];

let namespaces: ReturnType<typeof joinNamespaces> | undefined;

beforeAll(() => {
  if (canCapture() === true) namespaces = joinNamespaces();
});
afterAll(() => namespaces?.remove());

/** Opens connections of every kind, `each` per kind, and returns both ends' view of them. */
async function openConnections(each: number): Promise<{ known: KnownEnd[]; ports: Set<number> }> {
  const { left, right } = namespaces as NonNullable<typeof namespaces>;
  const known: KnownEnd[] = [];
  const ports = new Set<number>();
  const kinds = [
    { listen: "127.0.0.1", dial: "127.0.0.1", mode: "reply" },
    { listen: "127.0.0.1", dial: "127.0.0.1", mode: "exit" },
    { listen: "::1", dial: "::1", mode: "reply" },
    { listen: "::", dial: "127.0.0.1", mode: "exit" },
    { listen: "::", dial: "::ffff:127.0.0.1", mode: "reply" },
    { listen: "127.0.0.1", dial: "127.0.0.1", mode: "reset" },
    { listen: "::", dial: "198.18.7.2", mode: "reply", from: left, to: right },
    { listen: "198.18.7.2", dial: "198.18.7.2", mode: "exit", from: left, to: right },
    { listen: "fd07::2", dial: "fd07::2", mode: "reply", from: left, to: right },
    { listen: "::", dial: "::ffff:198.18.7.1", mode: "exit", from: right, to: left },
  ] as const;
  for (const kind of kinds) {
    const [from, to] = "from" in kind ? [kind.from, kind.to] : [undefined, undefined];
    const server = await serve(kind.listen, to);
    ports.add(server.port);
    known.push(...(await dial(kind.dial, server.port, each, kind.mode, from)));
    known.push(...(await server.finish()));
  }
  return { known, ports };
}

const keyOf = (end: SeenRecord | KnownEnd) =>
  `${end.localAddress} ${end.localPort} ${end.remoteAddress} ${end.remotePort}`;

const wanted = (records: SeenRecord[], ports: Set<number>) =>
  records.filter((r) => ports.has(r.localPort) || ports.has(r.remotePort));

/** What the records say of one end, in the words of that end. */
function seenEnd(close: SeenRecord): KnownEnd {
  return {
    role: close.role === FlowRole.Client ? "client" : "server",
    pid: close.pid,
    comm: close.comm,
    sent: close.sent,
    received: close.received,
    localAddress: close.localAddress,
    localPort: close.localPort,
    remoteAddress: close.remoteAddress,
    remotePort: close.remotePort,
  };
}

async function dropped(collector: Collector): Promise<number> {
  const metrics = await collector.metrics();
  const rows = metrics.filter((metric) => metric.name === "kernel_dropped_total");
  expect(rows.length).toBeGreaterThan(0);
  return rows.reduce((sum, row) => sum + row.value, 0);
}

async function checkExactly(collector: Collector): Promise<void> {
  const { known, ports } = await openConnections(100);
  expect(known).toHaveLength(2000);
  const closes = (records: SeenRecord[]) =>
    wanted(records, ports).filter((r) => r.kind === FlowRecordKind.Close);
  await collector.until((records) => closes(records).length >= known.length, 10_000);

  const seen = new Map(closes(collector.records).map((close) => [keyOf(close), seenEnd(close)]));
  const wrong = known.filter(
    (end) => JSON.stringify(seen.get(keyOf(end))) !== JSON.stringify(inKeyOrder(end)),
  );
  expect(wrong.slice(0, 5).map((end) => [end, seen.get(keyOf(end))])).toEqual([]);
  expect(closes(collector.records)).toHaveLength(known.length);

  const opens = wanted(collector.records, ports).filter((r) => r.kind === FlowRecordKind.Open);
  expect(opens).toHaveLength(known.length);
  const owners = new Map(known.map((end) => [keyOf(end), end]));
  for (const open of opens) {
    const end = owners.get(keyOf(open));
    expect([open.pid, open.comm, open.uid]).toEqual([end?.pid, end?.comm, 0]);
  }
  for (const close of closes(collector.records)) {
    expect(close.flags & FlowFlag.OpenSent).toBe(FlowFlag.OpenSent);
    expect(close.observedNs).toBeGreaterThanOrEqual(close.startNs);
    expect(close.packetsSent).toBeGreaterThan(0);
    expect(close.srttUs).toBeGreaterThan(0);
  }
  expect(await dropped(collector)).toBe(0);
}

const inKeyOrder = (end: KnownEnd): KnownEnd => ({
  role: end.role,
  pid: end.pid,
  comm: end.comm,
  sent: end.sent,
  received: end.received,
  localAddress: end.localAddress,
  localPort: end.localPort,
  remoteAddress: end.remoteAddress,
  remotePort: end.remotePort,
});

describe("flows of known connections", () => {
  it("are exactly right with the default ring", async (context) => {
    requireOrSkip(context, canCapture(), "live capture");
    const collector = await startCollector(DEFAULT_RING);
    try {
      await checkExactly(collector);
    } finally {
      await collector.stop();
    }
  });

  it("are exactly right as uid 1000 with CAP_BPF and CAP_PERFMON alone and no tracefs", async (context) => {
    requireOrSkip(context, canCapture(), "live capture");
    const collector = await startCollector(DEFAULT_RING, MINIMAL_RIGHTS);
    try {
      expect(collector.audit.uid).toBe(1000);
      const status = readFileSync(`/proc/${collector.child.pid}/status`, "utf8");
      const capabilities = (1n << 38n) | (1n << 39n); // CAP_PERFMON, CAP_BPF
      expect(BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1]}`)).toBe(capabilities);
      expect(existsSync(`/proc/${collector.child.pid}/root/sys/kernel/tracing/events`)).toBe(false);
      await checkExactly(collector);
    } finally {
      await collector.stop();
    }
  });

  it("are exactly right with the hooks of kernels before 6.3", async (context) => {
    requireOrSkip(context, canCapture(), "live capture");
    const collector = await startCollector(DEFAULT_RING, [], ["oldest-hooks"]);
    try {
      const names = collector.audit.programs.map((program) => program.name);
      expect(names).toContain("flow_receive_old");
      expect(names).not.toContain("flow_receive");
      await checkExactly(collector);
    } finally {
      await collector.stop();
    }
  });

  it("are right or counted with a ring of one page", async (context) => {
    requireOrSkip(context, canCapture(), "live capture");
    // The equation needs a host on which nobody else connects meanwhile: a second collector,
    // with room for all, tells whether that was so.
    for (let attempt = 1; !(await checkOverrun()); attempt++) {
      expect(attempt, "other connections on this host in every attempt").toBeLessThan(10);
    }
  });
});

/** False when other connections of this host came in between. */
async function checkOverrun(): Promise<boolean> {
  const witness = await startCollector(DEFAULT_RING);
  const collector = await startCollector(4096);
  try {
    collector.child.kill("SIGSTOP"); // nobody reads: the ring must fill
    const { known, ports } = await openConnections(20);
    collector.child.kill("SIGCONT");
    await collector.collect();
    const lost = await dropped(collector);
    await witness.collect();
    const sent = (records: SeenRecord[]) =>
      records.filter((record) => record.kind !== FlowRecordKind.Snapshot);
    if (sent(witness.records).length !== wanted(sent(witness.records), ports).length) return false;

    const seen = sent(collector.records);
    expect(lost).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(0);
    // One FLOW_OPEN and one FLOW_CLOSE per end.
    expect(seen.length + lost).toBe(2 * known.length);
    const owners = new Map(known.map((end) => [keyOf(end), end]));
    for (const record of seen) {
      const end = owners.get(keyOf(record));
      expect([record.pid, record.comm]).toEqual([end?.pid, end?.comm]);
      if (record.kind === FlowRecordKind.Close) expect(seenEnd(record)).toEqual(end);
    }
    return true;
  } finally {
    collector.child.kill("SIGCONT");
    await collector.stop();
    await witness.stop();
  }
}
