/**
 * Who may read the live page. Loopback is shared with every local user and with every web site
 * the operator has open, so a request must name this server (DNS rebinding), come from its own
 * page or from the address bar (cross-origin), and for what the agent saw carry the token (other
 * local users). The token travels in a header that the page sets itself, never in a cookie:
 * browsers send cookies to every port of the host.
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
  /** Whether what it asks for is for holders of the token alone. */
  readonly isConfidential: boolean;
}

export interface PageGuard {
  /** The first rule that the request breaks, or undefined when it may be answered. */
  refusal(request: PageRequest): PageRefusal | undefined;
}

/** `hosts` are the exact values of a Host header that name this server, in lower case. */
export function createPageGuard(hosts: ReadonlySet<string>, token: string): PageGuard {
  const expected = digest(token);
  const isToken = (text: string) => timingSafeEqual(digest(text), expected);
  return {
    refusal({ method, headers, isConfidential }) {
      const host = headers.host?.toLowerCase() ?? "";
      if (!hosts.has(host)) return "host";
      if (isCrossOrigin(headers, host)) return "cross_origin";
      if (isConfidential && !isToken(bearerToken(headers))) return "token";
      if (method !== "GET" && method !== "HEAD") return "method";
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

/** RFC 6750, section 2.1; "" when there is none. */
function bearerToken({ authorization }: IncomingHttpHeaders): string {
  return /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
}

/** Equal lengths for the comparison in constant time, whatever was sent. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
