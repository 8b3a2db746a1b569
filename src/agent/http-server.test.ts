import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { exchange } from "../../test/support/raw-http.ts";
import { HttpServer } from "./http-server.ts";

const CONNECTIONS_MAX = 32;
const LOOPBACK = { host: "127.0.0.1", port: 0 };
const running: HttpServer[] = [];
const opened: Socket[] = [];

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

function create(): HttpServer {
  const server = new HttpServer("ui_addr");
  running.push(server);
  return server;
}

/** Port of a server that answers everything with 200. */
async function start(server = create()): Promise<number> {
  const { port } = await server.listen(LOOPBACK);
  server.serve(
    (_request, response) => response.end("fine"),
    () => undefined,
  );
  return port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  opened.push(socket);
  await once(socket, "connect");
  return socket;
}

async function closed(socket: Socket | undefined): Promise<void> {
  // A connection that is cut while it has something to say is reset.
  socket?.on("error", () => socket.destroy()).resume();
  if (socket !== undefined) await once(socket, "close");
}

describe("HttpServer", () => {
  it("bounds the request head", async () => {
    const head = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9000)}\r\n\r\n`;
    expect(await exchange(await start(), head)).toMatch(/^HTTP\/1\.1 431/);
  });

  it("drops a request that does not arrive in time", async () => {
    const port = await start();
    const begun = performance.now();
    const answer = await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 408/);
    expect(performance.now() - begun).toBeLessThan(9_000);
  });

  it("cuts the connection that asked for nothing for the longest time for a new one", async () => {
    const server = create();
    const port = await start(server);
    const busy = await open(port);
    const idle: Socket[] = [];
    while (idle.length < CONNECTIONS_MAX - 1) idle.push(await open(port));
    const answered = once(busy, "data");
    busy.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await answered;
    expect(server.connectionsRefused).toBe(0);

    const [first, second] = idle;
    const cut = [first, second].map((socket) => closed(socket));
    // Half a request is not one.
    first?.write("GET / HTTP/1.1\r\nHost: a\r\n");
    const [third, fourth] = [await open(port), await open(port)];
    await Promise.all(cut);
    expect(server.connectionsRefused).toBe(2);
    for (const socket of [busy, third, fourth]) {
      const again = once(socket, "data");
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(String(await again)).toMatch(/^HTTP\/1\.1 200/);
    }
  });

  it("has room again when connections end by themselves", async () => {
    const server = create();
    const port = await start(server);
    for (let round = 0; round < CONNECTIONS_MAX + 8; round++) {
      await exchange(port, "GET / HTTP/1.0\r\n\r\n");
    }
    expect(server.connectionsRefused).toBe(0);
  });

  it("fails on a port in use with the key and the errno, and listens elsewhere after that", async () => {
    const port = await start();
    const server = create();
    await expect(server.listen({ ...LOOPBACK, port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: `ui_addr: cannot listen on 127.0.0.1:${port} (EADDRINUSE): choose another address or stop what uses it`,
      facts: { code: "EADDRINUSE" },
    });
    const other = await start(server);
    expect(other).not.toBe(port);
    expect(await exchange(other, "GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 .*fine$/s);
  });

  it("closes more than once, and when it never listened", async () => {
    const server = create();
    await server.close();
    await server.close();
  });
});
