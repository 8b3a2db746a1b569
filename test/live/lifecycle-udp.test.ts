/** UDP: whose datagrams, to whom, exactly how many and how large, and when a flow is over. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FlowRecordKind, FlowRole, IPPROTO_UDP } from "../../src/model/flow-record.ts";
import { requireOrSkip } from "../support/require.ts";
import { type Actor, gather, type Troupe } from "./support/actor.ts";
import { type Collector, startCollector } from "./support/collector.ts";
import { canCapture } from "./support/kernel.ts";
import { netnsOf, recordOf, recordsOf } from "./support/records.ts";

const RING_BYTES = 1024 * 1024;
const NAME = "lifecycle-udp";
/** The product calls a flow over after 15 s without a datagram (DATAGRAM_IDLE_NS). */
const IDLE_NS = 15e9;
const POLL_MS = 250;
const { Close, Snapshot } = FlowRecordKind;

let troupe: Troupe;
let collector: Collector;
let client: Actor;
let server: Actor;
let port: number;
/** The server's, on ::1. */
let port6: number;

beforeEach((context) => requireOrSkip(context, canCapture(), "live capture"));

beforeAll(async () => {
  if (canCapture() !== true) return;
  troupe = gather(NAME);
  collector = await startCollector(RING_BYTES);
  [client, server] = await Promise.all([troupe.start(), troupe.start()]);
  port = await bindServer(0, "127.0.0.1");
  port6 = await bindServer(1, "::1");
});
afterAll(async () => {
  await collector?.stop();
  await troupe?.dismiss();
});

/** A port that the server asked for itself, as servers do. */
async function bindServer(slot: number, address: string): Promise<number> {
  const free = await server.do(`${slot} bind ${address} 0`);
  await server.do(`${slot} close`);
  return server.do(`${slot} bind ${address} ${free}`);
}

async function peerUnknown(): Promise<number> {
  const rows = (await collector.metrics()).filter((m) => m.name === "datagram_peer_unknown_total");
  expect(rows.length).toBeGreaterThan(0);
  return rows.reduce((sum, row) => sum + row.value, 0);
}

const owned = (actor: Actor) => ({
  pid: actor.pid,
  comm: NAME,
  netns: netnsOf(actor.pid),
  transport: IPPROTO_UDP,
});

describe("datagrams", () => {
  it("of a connected client are counted exactly, in both directions, until it is idle", async () => {
    const clientPort = await client.do(`0 associate 127.0.0.1 ${port}`);
    for (const bytes of [10, 200, 3000]) {
      await client.do(`0 send ${bytes}`);
      expect(await server.do("0 receivefrom")).toBe(bytes);
    }
    for (const bytes of [7, 8]) {
      await server.do(`0 sendto 127.0.0.1 ${clientPort} ${bytes}`);
      expect(await client.do("0 receivefrom")).toBe(bytes);
    }
    await collector.collect();
    const counts = { sent: 3210, packetsSent: 3, received: 15, packetsReceived: 2 };
    const flow = await recordOf(collector, {
      ...owned(client),
      ...counts,
      kind: Snapshot,
      role: FlowRole.Client,
      localAddress: "127.0.0.1",
      localPort: clientPort,
      remoteAddress: "127.0.0.1",
      remotePort: port,
    });
    // Its server is not connected: what it sends has a peer, what it receives has none to tell.
    await recordOf(collector, {
      ...owned(server),
      kind: Snapshot,
      role: FlowRole.Server,
      localPort: port,
      remotePort: clientPort,
      sent: 15,
      packetsSent: 2,
      received: 0,
    });
    const closes = () => recordsOf(collector, { kind: Close, connectionId: flow.connectionId });
    const deadline = Date.now() + IDLE_NS / 1e6 + 10_000;
    while (closes().length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await collector.collect();
    }
    expect(closes()).toMatchObject([counts]);
    const lastSnapshot = recordsOf(collector, {
      kind: Snapshot,
      connectionId: flow.connectionId,
    }).at(-1);
    // The idle time is of the flow: from its last datagram, which is what the records date.
    expect(closes()[0]?.observedNs).toBe(lastSnapshot?.observedNs);
    const before = collector.records.length;
    await collector.collect();
    const again = collector.records.slice(before).filter((r) => r.localPort === clientPort);
    expect(again).toEqual([]);
  });

  it("of an unconnected client are counted per peer, as those of a client", async () => {
    await client.do("3 datagram ::1");
    for (const bytes of [40, 50]) {
      await client.do(`3 sendto ::1 ${port6} ${bytes}`);
      expect(await server.do("1 receivefrom")).toBe(bytes);
    }
    await client.do("4 datagram 127.0.0.1");
    await client.do(`4 sendto 127.0.0.1 ${port} 6`);
    expect(await server.do("0 receivefrom")).toBe(6);
    await collector.collect();
    const flow = await recordOf(collector, {
      ...owned(client),
      kind: Snapshot,
      role: FlowRole.Client,
      remoteAddress: "::1",
      remotePort: port6,
    });
    expect([flow.sent, flow.packetsSent, flow.received]).toEqual([90, 2, 0]);
    const fromV4 = { sent: 6, packetsSent: 1, remoteAddress: "127.0.0.1", remotePort: port };
    await recordOf(collector, { ...owned(client), kind: Snapshot, ...fromV4 });
  });

  it("that come to an unconnected socket are counted, as its peer cannot be told", async () => {
    const before = await peerUnknown();
    const clientPort = await client.do(`5 associate 127.0.0.1 ${port}`);
    await client.do("5 send 1");
    await client.do("5 send 2");
    await server.do("0 receivefrom");
    await server.do("0 receivefrom");
    expect((await peerUnknown()) - before).toBeGreaterThanOrEqual(2);
    await collector.collect();
    expect(recordsOf(collector, { localPort: port, remotePort: clientPort })).toEqual([]);
  });
});
