/**
 * `/healthz`, `/readyz` and `/metrics` over HTTP/1.1, read only. Bounds: 32 connections, 8 KiB of
 * request head, 5 s for a request to arrive, 10 s without progress on a connection.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";
import { type ListenAddress, listenAddressText } from "./config.ts";
import type { Logger } from "./log.ts";
import { METRICS_CONTENT_TYPE, metricsText, processMetrics } from "./metrics-text.ts";

const CONNECTIONS_MAX = 32;
const REQUEST_HEAD_BYTES_MAX = 8192;
const REQUEST_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;

/** What the server tells about the agent. Called for every request; must not block. */
export interface HealthSubject {
  readonly version: string;
  /** Whether the source is attached and streaming, else why not in one line. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  readonly metrics: readonly (() => Metric[])[];
}

export interface HealthServer {
  /** Where it listens, with the port the kernel chose for port 0. */
  readonly address: ListenAddress;
  /** Cuts open connections. Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/** Rejects with LISTEN_FAILED when the address cannot be bound. */
export async function startHealthServer(
  address: ListenAddress,
  subject: HealthSubject,
  log: Logger,
): Promise<HealthServer> {
  let refusedConnections = 0;
  const answer = answerer(subject, () => refusedConnections, log);
  const server = createServer(
    {
      maxHeaderSize: REQUEST_HEAD_BYTES_MAX,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => respond(request, response, answer),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(SOCKET_TIMEOUT_MS);
  server.on("drop", () => {
    refusedConnections += 1;
  });
  const port = await listen(server, address);
  server.on("error", (error) => log.error({ err: error }, "health server"));
  return { address: { host: address.host, port }, close: () => close(server) };
}

function answerer(
  subject: HealthSubject,
  refusedConnections: () => number,
  log: Logger,
): (path: string) => Answer {
  const pages: Readonly<Record<string, () => Answer>> = {
    "/healthz": () => ({ status: 200, body: "ok\n" }),
    "/readyz": () => {
      const { ready, reason } = subject.readiness();
      return ready ? { status: 200, body: "ready\n" } : { status: 503, body: `${reason}\n` };
    },
    "/metrics": () => {
      const own = ownMetrics(subject.version, refusedConnections());
      const metrics = [...subject.metrics.flatMap((provider) => provider()), ...own];
      const body = metricsText(metrics) + metricsText(processMetrics(), "");
      return { status: 200, body, type: METRICS_CONTENT_TYPE };
    },
  };
  return (path) => {
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) return { status: 404, body: "not found\n" };
    try {
      return page();
    } catch (error) {
      // A fault in self-observation must not end the observation; it is loud here and there.
      log.error({ err: error }, `health server: ${path} failed`);
      return { status: 500, body: "failed, see the log\n" };
    }
  };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (path: string) => Answer,
): void {
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("X-Content-Type-Options", "nosniff");
  const isRead = request.method === "GET" || request.method === "HEAD";
  // A body that nobody reads would stay in the connection in front of the next request.
  if (!isRead || hasBody(request)) response.setHeader("Connection", "close");
  if (!isRead) response.setHeader("Allow", "GET, HEAD");
  const { status, body, type } = isRead
    ? answer((request.url ?? "").split("?", 1)[0] ?? "")
    : { status: 405, body: "only GET and HEAD\n" };
  response.writeHead(status, {
    "Content-Type": type ?? "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(request.method === "HEAD" ? "" : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function ownMetrics(version: string, refusedConnections: number): Metric[] {
  return [
    {
      name: "build_info",
      help: "Always 1; the labels tell the version.",
      type: "gauge",
      value: 1,
      labels: { version },
    },
    {
      name: "health_connections_refused_total",
      help: `Connections to the health server above its ${CONNECTIONS_MAX}.`,
      type: "counter",
      value: refusedConnections,
    },
  ];
}

/** The port, once bound. */
function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const where = listenAddressText({ host, port });
      const message = `health_addr: cannot listen on ${where} (${error.code ?? error.message}): choose another address or stop what uses it`;
      reject(new AgentError("LISTEN_FAILED", message, { address: where }, error));
    };
    server.once("error", fail);
    server.listen(host === "" ? { port } : { host, port }, () => {
      server.off("error", fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is "not running", which is what is wanted.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
