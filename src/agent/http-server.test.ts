/** The count of refused connections is tested where it is reported: health and live page. */

import { afterEach, describe, expect, it } from "vitest";
import { exchange } from "../../test/support/raw-http.ts";
import { HttpServer } from "./http-server.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const running: HttpServer[] = [];

afterEach(async () => {
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
