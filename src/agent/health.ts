/** `/healthz`, `/readyz` and `/metrics` over HTTP, read only. Bounds: those of `http-server.ts`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { counter, gauge, type Metric } from "../model/metric.ts";
import type { ListenAddress } from "./config.ts";
import { HttpServer } from "./http-server.ts";
import type { Logger } from "./log.ts";
import { METRICS_CONTENT_TYPE, metricsText, processMetrics } from "./metrics-text.ts";

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
  const server = new HttpServer("health_addr");
  const bound = await server.listen(address);
  const answer = answerer(subject, server, log);
  server.serve(
    (request, response) => respond(request, response, answer),
    (error) => log.error({ err: error }, "health server"),
  );
  return { address: bound, close: () => server.close() };
}

function answerer(
  subject: HealthSubject,
  server: HttpServer,
  log: Logger,
): (path: string) => Answer {
  const pages: Readonly<Record<string, () => Answer>> = {
    "/healthz": () => ({ status: 200, body: "ok\n" }),
    "/readyz": () => {
      const { ready, reason } = subject.readiness();
      return ready ? { status: 200, body: "ready\n" } : { status: 503, body: `${reason}\n` };
    },
    "/metrics": () => {
      const own = ownMetrics(subject.version, server.connectionsRefused);
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

function ownMetrics(version: string, connectionsRefused: number): Metric[] {
  return [
    gauge("build_info", "Always 1; the labels tell the version.", 1, { version }),
    counter(
      "health_connections_refused_total",
      "Connections to the health server cut because there were too many.",
      connectionsRefused,
    ),
  ];
}
