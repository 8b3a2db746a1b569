/**
 * Connections that are older than the agent: which side is whose is told from the socket alone,
 * whatever has moved and whichever end has stopped sending, in any network namespace.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FlowFlag, FlowRecordKind, FlowRole } from "../../src/model/flow-record.ts";
import { requireOrSkip } from "../support/require.ts";
import { type Actor, gather, type Troupe } from "./support/actor.ts";
import { type Collector, startCollector } from "./support/collector.ts";
import { canCapture } from "./support/kernel.ts";
import { joinNamespaces } from "./support/peers.ts";
import { netnsOf, recordOf, recordsOf } from "./support/records.ts";

const RING_BYTES = 1024 * 1024;
const NAME = "lifecycle-older";

/** One connection: socket 1 of both actors, between the client's port and the server's. */
interface Older {
  client: Actor;
  server: Actor;
  clientPort: number;
  port: number;
  address: string;
  /** Bytes moved before the agent started. */
  up: number;
  down: number;
}

interface Kind {
  /** What the two have done before the agent starts. */
  before: "nothing" | "talked" | "client shut down" | "server shut down";
  address: string;
  across?: true;
}

const KINDS: Record<string, Kind> = {
  "on which nothing has moved": { before: "nothing", address: "127.0.0.1" },
  "with bytes both ways": { before: "talked", address: "127.0.0.1" },
  "whose client has shut down": { before: "client shut down", address: "127.0.0.1" },
  "whose server has shut down": { before: "server shut down", address: "127.0.0.1" },
  "over IPv6": { before: "talked", address: "::1" },
  "between two other namespaces": { before: "talked", address: "198.18.7.2", across: true },
  "between two other namespaces, silent": { before: "nothing", address: "fd07::2", across: true },
};

let troupe: Troupe;
let collector: Collector;
let namespaces: ReturnType<typeof joinNamespaces>;
const older = new Map<string, Older>();

async function prepare({ before, address, across }: Kind): Promise<Older> {
  const [from, to] = across ? [namespaces.left, namespaces.right] : [undefined, undefined];
  const [client, server] = await Promise.all([troupe.start(from), troupe.start(to)]);
  const port = await server.do(`0 listen ${address} 8`);
  const clientPort = await client.do(`1 connect ${address} ${port}`);
  await server.do("0 accept 1");
  const [up, down] = before === "nothing" ? [0, 0] : [4000, 500];
  await client.do(`1 send ${up}`);
  await server.do(`1 receive ${up}`);
  await server.do(`1 send ${down}`);
  await client.do(`1 receive ${down}`);
  if (before === "client shut down") await client.do("1 shutdown");
  if (before === "server shut down") await server.do("1 shutdown");
  return { client, server, clientPort, port, address, up, down };
}

beforeEach((context) => requireOrSkip(context, canCapture(), "live capture"));

beforeAll(async () => {
  if (canCapture() !== true) return;
  troupe = gather(NAME);
  namespaces = joinNamespaces();
  for (const [what, kind] of Object.entries(KINDS)) older.set(what, await prepare(kind));
  collector = await startCollector(RING_BYTES);
  await collector.collect();
});
afterAll(async () => {
  await collector?.stop();
  await troupe?.dismiss();
  namespaces?.remove();
});

/** What every record of an end must say; the agent never saw its start. */
function ofClient({ client, clientPort, port, up, down }: Older) {
  const ends = { localPort: clientPort, remotePort: port };
  return { ...ends, role: FlowRole.Client, pid: client.pid, sent: up, received: down };
}

function ofServer({ server, clientPort, port, up, down }: Older) {
  const ends = { localPort: port, remotePort: clientPort };
  return { ...ends, role: FlowRole.Server, pid: server.pid, sent: down, received: up };
}

describe("a connection older than the agent", () => {
  it.each(Object.keys(KINDS))("%s is found with both its owners", async (what) => {
    const connection = older.get(what) as Older;
    for (const end of [ofClient(connection), ofServer(connection)]) {
      const { Snapshot } = FlowRecordKind;
      const record = await recordOf(collector, { kind: Snapshot, ...end });
      expect([record.comm, record.startNs]).toEqual([NAME, 0]);
      expect(record.flags & FlowFlag.Preexisting).toBe(FlowFlag.Preexisting);
      expect(record.netns).toBe(netnsOf(end.pid));
    }
    const local = await recordOf(collector, ofServer(connection));
    expect(local.localAddress).toBe(connection.address);
  });

  it("is reported with what moved since, and once when it closes", async () => {
    const connection = older.get("with bytes both ways") as Older;
    const { client, server } = connection;
    await client.do("1 send 11");
    await server.do("1 receive 11");
    await collector.collect();
    const { Close, Snapshot } = FlowRecordKind;
    const more = { ...connection, up: connection.up + 11 };
    await recordOf(collector, { kind: Snapshot, ...ofClient(more) });
    await server.do("1 close");
    await client.do("1 close");
    for (const end of [ofClient(more), ofServer(more)]) {
      const closed = await recordOf(collector, { kind: Close, ...end });
      expect(closed.flags & FlowFlag.Preexisting).toBe(FlowFlag.Preexisting);
    }
    const opens = recordsOf(collector, {
      kind: FlowRecordKind.Open,
      localPort: connection.clientPort,
    });
    expect(opens).toEqual([]);
  });
});

it("a connection that waited in a listener's queue when the agent started is told of at its close", async () => {
  const [client, server] = await Promise.all([troupe.start(), troupe.start()]);
  const port = await server.do("0 listen 127.0.0.1 8");
  const clientPort = await client.do(`1 connect 127.0.0.1 ${port}`);
  const late = await startCollector(RING_BYTES);
  try {
    await server.do("0 accept 1");
    await client.do("1 send 10");
    await server.do("1 receive 10");
    await client.do("1 close");
    await server.do("1 close");
    const ends = { localPort: port, remotePort: clientPort };
    const closed = await recordOf(late, { kind: FlowRecordKind.Close, ...ends });
    expect([closed.pid, closed.role]).toEqual([server.pid, FlowRole.Server]);
    expect(closed.flags & FlowFlag.Preexisting).toBe(FlowFlag.Preexisting);
  } finally {
    await late.stop();
  }
});
