/**
 * Who may read the live page. Loopback is shared with every local user and with every web site
 * the operator has open, so a request must name this server (DNS rebinding), come from its own
 * page or from the address bar (cross-origin), and carry the token (other local users).
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export type PageRefusal = "host" | "cross_origin" | "token" | "method" | "path";

/** What the client is told: a status and one line. */
export const PAGE_REFUSALS: Readonly<Record<PageRefusal, { status: number; text: string }>> = {
  host: { status: 421, text: "Refused: the Host header does not name this server.\n" },
  cross_origin: {
    status: 403,
    text: "Refused: request from another site. Paste the printed address into the address bar.\n",
  },
  token: { status: 401, text: "Refused: open the address that the agent printed at its start.\n" },
  method: { status: 405, text: "Refused: only GET and HEAD are answered.\n" },
  path: { status: 404, text: "Not found.\n" },
};

export interface PageRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** `token` of the query, undefined when it has none. */
  readonly token: string | undefined;
}

export interface PageGuard {
  readonly setCookie: string;
  /** The first rule that the request breaks, or undefined when it may be answered. */
  refusal(request: PageRequest): PageRefusal | undefined;
}

/** `hosts` are the exact values of a Host header that name this server, in lower case. */
export function createPageGuard(
  hosts: ReadonlySet<string>,
  port: number,
  token: string,
): PageGuard {
  // Cookies ignore the port: the name keeps two agents on one host apart.
  const cookieName = `probectl_page_${port}`;
  const expected = digest(token);
  const matches = (candidate: string) => timingSafeEqual(digest(candidate), expected);

  function authorised(request: PageRequest): boolean {
    if (request.token !== undefined) return matches(request.token);
    return cookieValues(request.headers.cookie ?? "", cookieName).some(matches);
  }

  return {
    setCookie: `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict`,
    refusal(request) {
      const host = request.headers.host?.toLowerCase() ?? "";
      if (!hosts.has(host)) return "host";
      if (isCrossOrigin(request.headers, host)) return "cross_origin";
      if (!authorised(request)) return "token";
      if (request.method !== "GET" && request.method !== "HEAD") return "method";
      return undefined;
    },
  };
}

/** Fetch Metadata: `none` is the address bar. Clients that are no browser send neither header. */
function isCrossOrigin(headers: IncomingHttpHeaders, host: string): boolean {
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${host}`) return true;
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Every value of that name: another local server may have planted one of the same name. */
function cookieValues(header: string, name: string): string[] {
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** Equal lengths for the comparison in constant time, whatever was sent. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
