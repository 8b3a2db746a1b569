/** Connections without a pause, whose peers notice anything that goes wrong with one. */

import { dial, type KnownEnd, serve } from "./peers.ts";

const DIALS_AT_ONCE = 50;

export interface Load {
  /**
   * Ends it. Rejects when a connection failed at either end; else what the clients and the
   * server know, which is as many connections and as many bytes.
   */
  finish(): Promise<{ clients: KnownEnd[]; servers: KnownEnd[] }>;
}

export async function startLoad(): Promise<Load> {
  const server = await serve("127.0.0.1");
  let ending = false;
  const dialled = (async () => {
    const clients: KnownEnd[] = [];
    while (!ending) clients.push(...(await dial("127.0.0.1", server.port, DIALS_AT_ONCE, "reply")));
    return clients;
  })();
  // Whoever forgets to finish hears of it all the same; whoever does gets the same rejection.
  dialled.catch(() => undefined);
  return {
    finish: async () => {
      ending = true;
      const clients = await dialled;
      return { clients, servers: await server.finish() };
    },
  };
}
