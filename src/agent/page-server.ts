/**
 * The live page on loopback: fixed assets, which hold nothing of this host, and `GET /api/view` (a
 * LiveView as JSON) for whoever holds the token. Read only. Bounds: those of `http-server.ts`.
 */

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIPv4 } from "node:net";
import { AgentError } from "../model/errors.ts";
import type { LiveView } from "../model/live-view.ts";
import { counter, type Metric } from "../model/metric.ts";
import { type ListenAddress, listenAddressText } from "./config.ts";
import { HttpServer } from "./http-server.ts";
import { loadPageAssets, type PageAsset } from "./page-assets.ts";
import { createPageGuard, PAGE_REFUSALS, type PageGuard, type PageRefusal } from "./page-guard.ts";

const TOKEN_BYTES = 16;
const VIEW_PATH = "/api/view";

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
  /** A numeric address on loopback; port 0 takes a free one. */
  address: ListenAddress;
  /** Called once per poll; must not block. */
  view: () => LiveView;
  log: PageLog;
  /** Take a free port when the asked one is in use, instead of failing. */
  portFallback?: boolean;
}

export interface PageServer {
  /**
   * Address with the token as its fragment, which browsers keep to themselves: for the operator's
   * terminal only, never for a log.
   */
  readonly url: string;
  metrics(): Metric[];
  /** Cuts open connections. Idempotent. */
  close(): Promise<void>;
}

/** Rejects with CONFIG_INVALID outside loopback, LISTEN_FAILED when it cannot be bound. */
export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  requireLoopback(options.address);
  const assets = await loadPageAssets();
  const server = new HttpServer("ui_addr");
  const { host, port } = await listen(server, options);

  const token = randomBytes(TOKEN_BYTES).toString("hex");
  // URL leaves port 80 out of its host, as clients leave it out of the header.
  const url = new URL(`http://${listenAddressText({ host, port })}`);
  const hosts = new Set([url.host, new URL(`http://localhost:${port}`).host]);
  const context = { guard: createPageGuard(hosts, token), assets, ...options };
  const counters = noRequests();
  server.serve(
    (request, response) => {
      counters.requests++;
      const refusal = answer(request, response, context);
      if (refusal !== undefined) counters.refused[refusal]++;
    },
    (error) => options.log.error({ err: error }, "live page failed"),
  );
  return {
    url: `${url.origin}/#token=${token}`,
    metrics: () => metricsOf(counters, server.connectionsRefused),
    close: () => server.close(),
  };
}

/** The configuration was checked before; what shows the host to the network is refused again. */
function requireLoopback(address: ListenAddress): void {
  const { host } = address;
  // No name either, so that no resolver decides what is exposed.
  if (host === "::1" || (isIPv4(host) && host.startsWith("127."))) return;
  const message = `ui_addr: ${listenAddressText(address)} is outside loopback: use 127.0.0.1 or [::1]`;
  throw new AgentError("CONFIG_INVALID", message);
}

async function listen(
  server: HttpServer,
  { address, log, portFallback }: PageServerOptions,
): Promise<ListenAddress> {
  try {
    return await server.listen(address);
  } catch (error) {
    const isInUse = error instanceof AgentError && error.facts.code === "EADDRINUSE";
    if (!isInUse || portFallback !== true) throw error;
  }
  const bound = await server.listen({ ...address, port: 0 });
  log.warn({ ...bound }, "live page: the port is in use, took a free one");
  return bound;
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
  const [path = ""] = (request.url ?? "").split("?", 1);
  const { method = "", headers } = request;
  const isConfidential = path === VIEW_PATH;
  const refusal = guard.refusal({ method, headers, isConfidential });
  if (refusal !== undefined) return refuse(response, refusal);

  if (isConfidential) {
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
    log.error({ err: error }, "live page: the view failed");
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
  if (refusal === "token") headers["WWW-Authenticate"] = "Bearer";
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
  refused: Record<PageRefusal, number>;
}

function noRequests(): Counters {
  return { requests: 0, refused: { host: 0, cross_origin: 0, token: 0, method: 0, path: 0 } };
}

function metricsOf({ requests, refused }: Counters, connectionsRefused: number): Metric[] {
  const refusedHelp = "Requests to the live page that were refused, by reason.";
  return [
    counter("page_requests_total", "Requests to the live page.", requests),
    counter(
      "page_connections_refused_total",
      "Connections to the live page cut because there were too many.",
      connectionsRefused,
    ),
    ...Object.entries(refused).map(([reason, value]) =>
      counter("page_requests_refused_total", refusedHelp, value, { reason }),
    ),
  ];
}
