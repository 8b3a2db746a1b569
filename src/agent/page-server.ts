/**
 * The live page on loopback: fixed assets and `GET /api/view` (a LiveView as JSON), for whoever
 * holds the token. Read only. Bounds: 32 connections, 8 KiB of request head, 5 s for a request
 * to arrive, 15 s without progress on a connection.
 */

import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentError } from "../model/errors.ts";
import type { LiveView } from "../model/live-view.ts";
import type { Metric } from "../model/metric.ts";
import { type LoopbackAddress, parseLoopbackAddress } from "./page-address.ts";
import { loadPageAssets, type PageAsset } from "./page-assets.ts";
import { createPageGuard, PAGE_REFUSALS, type PageGuard, type PageRefusal } from "./page-guard.ts";

const CONNECTIONS_MAX = 32;
const REQUEST_HEAD_BYTES_MAX = 8192;
const REQUEST_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 15_000;
const TOKEN_BYTES = 16;

const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

export interface PageLog {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface PageServerOptions {
  /** `HOST:PORT` on loopback; port 0 takes a free one. */
  address: string;
  /** Called once per poll; must not block. */
  view: () => LiveView;
  log: PageLog;
  /** Take a free port when the asked one is in use, instead of failing. */
  portFallback?: boolean;
}

export interface PageServer {
  /** Address with the token: for the operator's terminal only, never for a log. */
  readonly url: string;
  metrics(): Metric[];
  /** Cuts open connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * @throws AgentError CONFIG_INVALID when the address is malformed or outside loopback,
 * LISTEN_FAILED when it cannot be bound.
 */
export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const address = parseLoopbackAddress(options.address);
  const assets = await loadPageAssets();
  const server = createBoundedServer();
  const counters = countConnections(server);
  const port = await bind(server, address, options);
  server.on("error", (error) => options.log.error({ error: error.message }, "live page failed"));

  const token = randomBytes(TOKEN_BYTES).toString("hex");
  const authority = address.host.includes(":") ? `[${address.host}]` : address.host;
  // URL leaves port 80 out of its host, as clients leave it out of the header.
  const { origin, host } = new URL(`http://${authority}:${port}`);
  const hosts = new Set([host, new URL(`http://localhost:${port}`).host]);
  const guard = createPageGuard(hosts, port, token);
  server.on("request", (request, response) => {
    counters.requests++;
    const refusal = answer(request, response, { guard, assets, ...options });
    if (refusal !== undefined) counters.refused[refusal]++;
  });

  let closed: Promise<void> | undefined;
  return {
    url: `${origin}/?token=${token}`,
    metrics: () => metricsOf(counters),
    close() {
      closed ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

function createBoundedServer(): Server {
  const server = createServer({
    maxHeaderSize: REQUEST_HEAD_BYTES_MAX,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = CONNECTIONS_MAX;
  // A client that stops reading its answer is cut as well.
  server.setTimeout(SOCKET_TIMEOUT_MS);
  return server;
}

/** Resolves to the bound port. */
async function bind(
  server: Server,
  { host, port }: LoopbackAddress,
  { address, log, portFallback }: PageServerOptions,
): Promise<number> {
  try {
    return await listen(server, host, port);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "UNKNOWN";
    if (code !== "EADDRINUSE") {
      const message = `ui_addr: cannot bind ${address} (${code}); choose another port`;
      throw new AgentError("LISTEN_FAILED", message, { code }, cause);
    }
    if (portFallback !== true) {
      const message = `ui_addr: ${address} is in use; stop its owner or choose another port`;
      throw new AgentError("LISTEN_FAILED", message, { code }, cause);
    }
  }
  const freePort = await listen(server, host, 0);
  log.warn({ address, port: freePort }, "live page: the port is in use, took a free one");
  return freePort;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

interface AnswerContext {
  guard: PageGuard;
  assets: ReadonlyMap<string, PageAsset>;
  view: () => LiveView;
  log: PageLog;
}

/** Answers one request; returns why it was refused. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { guard, assets, view, log }: AnswerContext,
): PageRefusal | undefined {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const token = new URLSearchParams(query).get("token") ?? undefined;
  const { method = "", headers } = request;
  const refusal = guard.refusal({ method, headers, token });
  if (refusal !== undefined) return refuse(response, refusal);

  if (path === "/" && token !== undefined) {
    // The token leaves the address bar, and with it the history and any shared screen.
    send(response, 303, { Location: "/", "Set-Cookie": guard.setCookie }, "");
    return undefined;
  }
  if (path === "/api/view") {
    sendView(response, view, log);
    return undefined;
  }
  const asset = assets.get(path);
  if (asset === undefined) return refuse(response, "path");
  send(response, 200, { "Content-Type": asset.type }, asset.body);
  return undefined;
}

function sendView(response: ServerResponse, view: () => LiveView, log: PageLog): void {
  let body: string;
  try {
    body = JSON.stringify(view());
  } catch (error) {
    // The page is a convenience: its failure must not stop the observation.
    log.error({ error: String(error) }, "live page: the view failed");
    send(response, 500, { "Content-Type": "text/plain; charset=utf-8" }, "The view failed.\n");
    return;
  }
  send(response, 200, { "Content-Type": "application/json; charset=utf-8" }, body);
}

function refuse(response: ServerResponse, refusal: PageRefusal): PageRefusal {
  const { status, text } = PAGE_REFUSALS[refusal];
  const headers: Record<string, string> = {
    "Content-Type": "text/plain; charset=utf-8",
    Connection: "close",
  };
  if (refusal === "method") headers.Allow = "GET, HEAD";
  send(response, status, headers, text);
  return refusal;
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  const length = { "Content-Length": String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...HEADERS, ...headers, ...length });
  response.end(body);
}

interface Counters {
  requests: number;
  connectionsRefused: number;
  refused: Record<PageRefusal, number>;
}

function countConnections(server: Server): Counters {
  const counters: Counters = {
    requests: 0,
    connectionsRefused: 0,
    refused: { host: 0, cross_origin: 0, token: 0, method: 0, path: 0 },
  };
  server.on("drop", () => counters.connectionsRefused++);
  return counters;
}

function metricsOf({ requests, connectionsRefused, refused }: Counters): Metric[] {
  const counter = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: "counter",
    value,
  });
  const help = "Requests to the live page that were refused, by reason.";
  return [
    counter("page_requests_total", "Requests to the live page.", requests),
    counter(
      "page_connections_refused_total",
      "Connections to the live page beyond its bound.",
      connectionsRefused,
    ),
    ...Object.entries(refused).map(([reason, value]) => ({
      ...counter("page_requests_refused_total", help, value),
      labels: { reason },
    })),
  ];
}
