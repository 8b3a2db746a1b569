/**
 * An HTTP/1.1 server within bounds, for the agent's own pages. Bounds: 32 connections, 8 KiB of
 * request head, 5 s for a request to arrive, 10 s without progress on a connection. A connection
 * beyond the bound takes the place of the one that has asked for nothing for the longest time, so
 * that nobody can keep others out by holding connections.
 */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { AgentError } from "../model/errors.ts";
import { type ListenAddress, listenAddressText } from "./config.ts";

const CONNECTIONS_MAX = 32;
const REQUEST_HEAD_BYTES_MAX = 8192;
const REQUEST_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;

export class HttpServer {
  readonly #addressKey: string;
  readonly #server = createServer({
    maxHeaderSize: REQUEST_HEAD_BYTES_MAX,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
  });
  /** The one whose latest request, or else its opening, is longest ago comes first. */
  readonly #connections = new Set<Socket>();
  #connectionsRefused = 0;
  #closed: Promise<void> | undefined;

  /** `addressKey`: the configuration key of the address, for messages. */
  constructor(addressKey: "health_addr" | "ui_addr") {
    this.#addressKey = addressKey;
    // A client that stops reading its answer is cut as well.
    this.#server.setTimeout(SOCKET_TIMEOUT_MS);
    this.#server.on("connection", (socket) => this.#admit(socket));
    this.#server.on("request", ({ socket }) => this.#moveLast(socket));
  }

  /** Connections cut because there were more than the bound. */
  get connectionsRefused(): number {
    return this.#connectionsRefused;
  }

  /**
   * Resolves to the address in use, with the port the kernel chose for port 0. Rejects with
   * LISTEN_FAILED, the errno name in its facts as `code`; may then be called again.
   */
  listen(address: ListenAddress): Promise<ListenAddress> {
    const { host, port } = address;
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void =>
        reject(listenFailed(this.#addressKey, address, error));
      this.#server.once("error", fail);
      this.#server.listen(host === "" ? { port } : { host, port }, () => {
        this.#server.off("error", fail);
        resolve({ host, port: (this.#server.address() as AddressInfo).port });
      });
    });
  }

  /** To be called as soon as `listen` has resolved: no request can have arrived by then. */
  serve(onRequest: RequestListener, onError: (error: Error) => void): void {
    this.#server.on("error", onError);
    this.#server.on("request", onRequest);
  }

  /** Cuts open connections. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      // The only error is "not running", which is what is wanted.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closed;
  }

  #admit(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    const [oldest] = this.#connections;
    if (oldest === undefined || this.#connections.size <= CONNECTIONS_MAX) return;
    this.#connections.delete(oldest);
    this.#connectionsRefused += 1;
    oldest.destroy();
  }

  #moveLast(socket: Socket): void {
    // One that was cut already must not come back.
    if (this.#connections.delete(socket)) this.#connections.add(socket);
  }
}

function listenFailed(
  key: string,
  address: ListenAddress,
  error: NodeJS.ErrnoException,
): AgentError {
  const where = listenAddressText(address);
  const code = error.code ?? error.message;
  const fix = "choose another address or stop what uses it";
  const message = `${key}: cannot listen on ${where} (${code}): ${fix}`;
  return new AgentError("LISTEN_FAILED", message, { address: where, code }, error);
}
