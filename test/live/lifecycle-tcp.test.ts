/**
 * TCP connections through their life, step by step, by processes whose steps the test decides:
 * whose they are, how they end, and what is told of them meanwhile.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FlowFlag, FlowRecordKind, FlowRole } from "../../src/model/flow-record.ts";
import { requireOrSkip } from "../support/require.ts";
import { type Actor, gather, type Troupe } from "./support/actor.ts";
import { type Collector, type SeenRecord, startCollector } from "./support/collector.ts";
import { canCapture } from "./support/kernel.ts";
import { joinNamespaces } from "./support/peers.ts";
import { recordOf, recordsOf } from "./support/records.ts";

const RING_BYTES = 1024 * 1024;
const NAME = "lifecycle-tcp";
const { Open, Close, Failed, Snapshot } = FlowRecordKind;
const ECONNREFUSED = 111;
const EHOSTUNREACH = 113;
const ECONNRESET = 104;

let troupe: Troupe;
let collector: Collector;
let client: Actor;
let server: Actor;
let port: number;

beforeEach((context) => requireOrSkip(context, canCapture(), "live capture"));

beforeAll(async () => {
  if (canCapture() !== true) return;
  troupe = gather(NAME);
  collector = await startCollector(RING_BYTES);
  [client, server] = await Promise.all([troupe.start(), troupe.start()]);
  port = await server.do("0 listen 127.0.0.1 64");
});
afterAll(async () => {
  await collector?.stop();
  await troupe?.dismiss();
});

/** Socket 1 of the client to socket 1 of the server; the client's port. */
async function connect(): Promise<number> {
  const clientPort = await client.do(`1 connect 127.0.0.1 ${port}`);
  expect(await server.do("0 accept 1")).toBe(clientPort);
  return clientPort;
}

const endOfClient = (clientPort: number) => ({ localPort: clientPort, remotePort: port });
const endOfServer = (clientPort: number) => ({ localPort: port, remotePort: clientPort });

function expectOwner(record: SeenRecord, actor: Actor, role: number): void {
  const { pid, comm, flags } = record;
  const unknown = flags & (FlowFlag.OwnerUnknown | FlowFlag.KernelOwned | FlowFlag.Preexisting);
  expect([pid, comm, record.role, unknown]).toEqual([actor.pid, NAME, role, 0]);
}

describe("an open connection", () => {
  it("is told of once at its start, then with growing totals at each collect", async () => {
    const clientPort = await connect();
    const opened = await recordOf(collector, { kind: Open, ...endOfClient(clientPort) });
    expectOwner(opened, client, FlowRole.Client);
    let sent = 0;
    for (const bytes of [1000, 70_000, 5]) {
      await client.do(`1 send ${bytes}`);
      await server.do(`1 receive ${bytes}`);
      sent += bytes;
      await collector.collect();
      const totals = { kind: Snapshot, sent, received: 0 };
      const snapshot = await recordOf(collector, { ...totals, ...endOfClient(clientPort) });
      expectOwner(snapshot, client, FlowRole.Client);
      expect(snapshot.connectionId).toBe(opened.connectionId);
    }
    const ofServer = recordsOf(collector, { kind: Snapshot, ...endOfServer(clientPort) });
    expect(ofServer.map(({ received }) => received)).toEqual([1000, 71_000, 71_005]);
    for (const snapshot of ofServer) expectOwner(snapshot, server, FlowRole.Server);

    await client.do("1 close");
    await server.do("1 close");
    const closed = await recordOf(collector, { kind: Close, ...endOfClient(clientPort) });
    expect([closed.sent, closed.received, closed.startNs]).toEqual([sent, 0, opened.startNs]);
    expect(closed.flags & FlowFlag.SnapshotSent).toBe(FlowFlag.SnapshotSent);
    await collector.collect();
    const later = recordsOf(collector, { kind: Snapshot, ...endOfClient(clientPort) });
    expect(later).toHaveLength(3);
  });

  it("that the server never reads is found by who holds it, at the next collect", async () => {
    const clientPort = await connect();
    await recordOf(collector, { kind: Open, ...endOfClient(clientPort) });
    expect(recordsOf(collector, endOfServer(clientPort))).toEqual([]);
    await collector.collect();
    const opened = await recordOf(collector, { kind: Open, ...endOfServer(clientPort) });
    expectOwner(opened, server, FlowRole.Server);
    await client.do("1 close");
    await server.do("1 close");
    expectOwner(
      await recordOf(collector, { kind: Close, ...endOfServer(clientPort) }),
      server,
      FlowRole.Server,
    );
  });

  it("that is handed to a forked child belongs to the child, which used it first", async () => {
    const clientPort = await connect();
    const { pid, error } = await server.try("1 handover 321");
    expect(error).toBe(0);
    await client.do("1 receive 321");
    const closed = recordOf(collector, { kind: Close, ...endOfServer(clientPort) });
    await client.do("1 close");
    expectOwner(await closed, { ...server, pid }, FlowRole.Server);
    expect((await closed).sent).toBe(321);
  });
});

describe("a connection cut short", () => {
  it("by the kill of its client has both owners", async () => {
    const victim = await troupe.start();
    const clientPort = await victim.do(`1 connect 127.0.0.1 ${port}`);
    await server.do("0 accept 1");
    await victim.do("1 send 777");
    await server.do("1 receive 777");
    await victim.kill();
    const closed = await recordOf(collector, { kind: Close, ...endOfClient(clientPort) });
    expectOwner(closed, victim, FlowRole.Client);
    expect(closed.sent).toBe(777);
    expect(await server.do("1 receive 1")).toBe(0);
    await server.do("1 close");
    const other = await recordOf(collector, { kind: Close, ...endOfServer(clientPort) });
    expectOwner(other, server, FlowRole.Server);
    expect(other.received).toBe(777);
  });

  it("by the kill of its server, which had not read it, has both owners", async () => {
    const victim = await troupe.start();
    const victimPort = await victim.do("0 listen 127.0.0.1 8");
    const clientPort = await client.do(`1 connect 127.0.0.1 ${victimPort}`);
    await victim.do("0 accept 1");
    await client.do("1 send 88");
    await victim.kill();
    const ends = { localPort: victimPort, remotePort: clientPort };
    expectOwner(await recordOf(collector, { kind: Close, ...ends }), victim, FlowRole.Server);
    const mine = { kind: Close, localPort: clientPort, remotePort: victimPort };
    const closed = await recordOf(collector, mine);
    expectOwner(closed, client, FlowRole.Client);
    // Unread bytes make the kernel answer with a reset; the client asked to send nothing since.
    expect([closed.sent, closed.error]).toEqual([88, ECONNRESET]);
    await client.do("1 close");
  });

  it.each(["accept", "close"])(
    "by a reset before it was accepted is told of at the listener's %s, as the listener's",
    async (how) => {
      const listener = await troupe.start();
      const listenerPort = await listener.do("0 listen 127.0.0.1 8");
      const clientPort = await client.do(`1 connect 127.0.0.1 ${listenerPort}`);
      await client.do("1 send 99");
      await client.do("1 reset");
      const own = { localPort: clientPort, remotePort: listenerPort };
      await recordOf(collector, { kind: Close, ...own });
      await collector.collect();
      const ends = { localPort: listenerPort, remotePort: clientPort };
      expect(recordsOf(collector, ends)).toEqual([]);
      if (how === "accept") {
        expect(await listener.do("0 accept 1")).toBe(clientPort);
        await listener.do("1 close");
      } else {
        await listener.do("0 close");
      }
      expectOwner(await recordOf(collector, { kind: Open, ...ends }), listener, FlowRole.Server);
      const closed = await recordOf(collector, { kind: Close, ...ends });
      expectOwner(closed, listener, FlowRole.Server);
      expect(closed.received).toBe(99);
    },
  );
});

describe("what is no connection", () => {
  it("is not told of: a socket that only listens", async () => {
    await collector.collect();
    const listening = collector.records.filter((r) => r.localPort === port && r.remotePort === 0);
    expect(listening).toEqual([]);
  });

  it("fails with the reason and its owner: refused", async () => {
    const dead = await client.do("2 listen 127.0.0.1 1");
    await client.do("2 close");
    expect((await client.try(`1 connect 127.0.0.1 ${dead}`)).error).toBe(ECONNREFUSED);
    const failed = await recordOf(collector, { kind: Failed, remotePort: dead });
    expectOwner(failed, client, FlowRole.Client);
    expect([failed.error, failed.remoteAddress]).toEqual([ECONNREFUSED, "127.0.0.1"]);
    expect(failed.startNs).toBeGreaterThan(0);
    expect(recordsOf(collector, { remotePort: dead })).toHaveLength(1);
  });

  it("fails with the reason and its owner: given up, unreachable", async () => {
    const { left, remove } = joinNamespaces();
    try {
      const far = await troupe.start(left);
      await far.do("1 begin 198.18.7.98 4001"); // nobody has that address
      await far.do("2 begin 198.18.7.99 4002");
      await far.do("2 close");
      const givenUp = await recordOf(collector, { kind: Failed, pid: far.pid, remotePort: 4002 });
      expectOwner(givenUp, far, FlowRole.Client);
      expect(givenUp.error).toBe(0);
      const unreachable = await recordOf(collector, {
        kind: Failed,
        pid: far.pid,
        remotePort: 4001,
      });
      expectOwner(unreachable, far, FlowRole.Client);
      expect(unreachable.error).toBe(EHOSTUNREACH);
    } finally {
      remove();
    }
  });
});
