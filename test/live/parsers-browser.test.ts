/** The parsers in a real Chromium: the modules of the build as they are, without a bundler. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { findChromium, launchChromium } from "../support/screenshot.mjs";

const ROOT = new URL("../..", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};
const WAIT_MS = 10_000;
const SERVED = /^\/(dist\/(wasm|model)\/[\w-]+\.js|build\/wasm\/parsers\.wasm)$/;

/** Runs in the page, as a module of its own; what it finds becomes the page's title. */
const SCRIPT = `
import { createParsers } from "/dist/wasm/parsers.js";

const wasm = await (await fetch("/build/wasm/parsers.wasm")).arrayBuffer();
const parsers = createParsers(new Uint8Array(wasm), { flows: true });
const ends = {
  transport: "tcp",
  client: { address: Uint8Array.of(192, 0, 2, 1), port: 40000 },
  server: { address: Uint8Array.of(192, 0, 2, 2), port: 80 },
};
const request = new TextEncoder().encode("GET /a?key=S3CRET HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n");
const answer = new TextEncoder().encode("HTTP/1.1 204 No Content\\r\\n\\r\\n");
const records = [
  ...parsers.chunk(ends, "client", request, 1n),
  ...parsers.chunk(ends, "server", answer, 2n),
  ...parsers.end(ends, 3n),
];
document.title = JSON.stringify({
  found: records.map(({ kind, method, resource, status }) => [kind, method, resource, status]),
  hasSecret: new TextDecoder().decode(request).includes("S3CRET"),
});
`;
const PAGE = '<!doctype html><script type="module" src="/check.js"></script>';
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

function contentOf(path: string): string | Buffer | undefined {
  if (path === "/index.html") return PAGE;
  if (path === "/check.js") return SCRIPT;
  return SERVED.test(path) ? readFileSync(new URL(`.${path}`, ROOT)) : undefined;
}

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "/";
    const content = contentOf(path);
    const type = TYPES[extname(path)] ?? "";
    const headers = { "content-type": type, "content-security-policy": POLICY };
    response.writeHead(content === undefined ? 404 : 200, headers).end(content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => server.close());

it("turn bytes into records, and zero them", async (context) => {
  requireOrSkip(context, findChromium() !== undefined || "no executable found", "Chromium");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/index.html`);
    await page.waitForFunction(() => document.title !== "", undefined, { timeout: WAIT_MS });
    expect(faults).toEqual([]);
    expect(JSON.parse(await page.title())).toEqual({
      found: [
        ["call", "GET", "/a", "204"],
        ["flow", null, null, null],
      ],
      hasSecret: false,
    });
  } finally {
    await browser.close();
  }
});
