/** The live page in a real Chromium: what it shows, what it asks for, what it never runs. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PageServer, startPageServer } from "../../src/agent/page-server.ts";
import type { LiveView } from "../../src/model/live-view.ts";
import {
  HOSTILE_NAMES,
  hostileView,
  liveEdge,
  liveFlow,
  liveView,
  serverView,
} from "../support/live-view.ts";
import { requireOrSkip } from "../support/require.ts";
import { findChromium, launchChromium } from "../support/screenshot.mjs";

const WAIT_MS = 10_000;
const HOST = "127.0.0.1";
const log = { warn: () => undefined, error: () => undefined };

let browser: Browser | undefined;
let server: PageServer;
let view: LiveView;
let page: Page;
/** Everything the browser complained about. */
let complaints: string[];
let requests: string[];

beforeAll(async () => {
  if (findChromium() !== undefined) browser = await launchChromium();
});
afterAll(() => browser?.close());

beforeEach(async (context) => {
  requireOrSkip(context, browser !== undefined || "no executable found", "Chromium");
  view = serverView(60_000);
  server = await startPageServer({ address: { host: HOST, port: 0 }, view: () => view, log });
  page = await openTab();
});
afterEach(async () => {
  await page?.context().close();
  await server?.close();
});

async function openTab(): Promise<Page> {
  if (browser === undefined) throw new Error("no browser");
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const tab = await context.newPage();
  tab.setDefaultTimeout(WAIT_MS);
  complaints = [];
  requests = [];
  await tab.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  tab.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  tab.on("pageerror", (error) => complaints.push(error.message));
  tab.on("dialog", (dialog) => void dialog.dismiss().then(() => complaints.push("a dialog")));
  tab.on("request", (request) => requests.push(request.url()));
  return tab;
}

async function openPage(): Promise<void> {
  await page.goto(server.url);
  await page.locator("#health[data-state=good]").waitFor();
}

function tokenOf({ url }: PageServer): string {
  return new URL(url).hash.replace("#token=", "");
}

function rows() {
  return page.locator("#flows tr");
}

function node(name: string) {
  return page.locator(".node", { hasText: name });
}

/** Where every node is drawn. */
function places(): Promise<(string | null)[]> {
  return page
    .locator(".node")
    .evaluateAll((nodes) => nodes.map((n) => n.getAttribute("transform")));
}

function setHidden(hidden: boolean): Promise<void> {
  return page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

/** Another local server, one host with the page but for the port: the nearest site there is. */
async function startAttacker(): Promise<{ url: string; close(): void }> {
  const attacker = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>x</title>");
  });
  await new Promise<void>((resolve) => attacker.listen(0, "127.0.0.1", resolve));
  const { port } = attacker.address() as AddressInfo;
  const close = () => {
    attacker.close();
    attacker.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}

describe("the live page", () => {
  it("shows host, mode, totals, map and flows, and takes the token out of the address", async () => {
    await openPage();
    expect(page.url()).toBe(`${new URL(server.url).origin}/`);
    expect(await page.locator("h1").textContent()).toBe("node-a.example.com");
    expect(await page.locator("#tenant").textContent()).toBe("local");
    expect(await page.locator(".mode").textContent()).toContain("live capture");
    expect(await page.locator("#observed").textContent()).toBe("1,284");
    expect(await page.locator(".node").count()).toBe(18);
    expect(await page.locator(".link").count()).toBe(16);
    expect(await rows().count()).toBe(140);
    const cells = await rows().first().locator("td").allTextContents();
    expect(cells.slice(1, 8)).toEqual([
      "nginx (911)",
      "server",
      "203.0.113.24:61022 → 198.51.100.7:443",
      "tcp",
      "closed",
      "47 KiB",
      "900 B",
    ]);
    expect(complaints).toEqual([]);
  });

  it("asks this server alone", async () => {
    await openPage();
    await node("nginx").click();
    await page.waitForResponse(/\/api\/view$/);
    const { origin } = new URL(server.url);
    expect(new Set(requests.map((url) => new URL(url).origin))).toEqual(new Set([origin]));
    expect(requests.slice(1).filter((url) => url.includes(tokenOf(server)))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it("follows the agent: new flows on top, new endpoints on the map, nothing else moves", async () => {
    await openPage();
    const before = await places();
    const first = await rows().first().elementHandle();
    view.flows.unshift(liveFlow({ sequence: 141, processName: "wget", pid: 99 }));
    await rows().first().getByText("wget (99)").waitFor();
    expect(await first?.evaluate((row) => row.isConnected && row.previousSibling !== null)).toBe(
      true,
    );
    expect(await places()).toEqual(before);
    view.edges.push(liveEdge({ source: "wget", destination: "192.0.2.200" }));
    await node("wget").waitFor();
    expect(await page.locator(".node").count()).toBe(20);
    expect(complaints).toEqual([]);
  });

  it("warns about drops and tells a fixture from the kernel", async () => {
    await openPage();
    expect(await page.locator("#dropped-tile.bad").count()).toBe(0);
    view.totals.dropped = 17;
    view.agent.mode = "fixture";
    view.agent.reason = "no BTF";
    await page.locator("#dropped-tile.bad").waitFor();
    expect(await page.locator("#dropped-tile").textContent()).toMatch(/17\s+view incomplete/);
    expect(await page.locator(".mode").textContent()).toMatch(/recorded fixture\s+no BTF/);
  });

  it("filters by text, all words, also inside identifiers that are cut", async () => {
    await openPage();
    await page.fill("#filter", "ORDERS-api 443");
    await expect.poll(() => rows().count()).toBe(11);
    expect(await page.locator("#flows-note").textContent()).toBe("11 of the latest 140");
    await page.fill("#filter", "52d0e1aa9c3f77c0");
    await expect.poll(() => rows().count()).toBe(10);
    await page.fill("#filter", "no such flow");
    await page.getByText("None of the latest flows matches.").waitFor();
    await page.fill("#filter", "");
    await expect.poll(() => rows().count()).toBe(140);
  });

  it("filters by a node and by a link, with the pointer and with the keyboard", async () => {
    await openPage();
    await node("postgres").click();
    await expect.poll(() => rows().count()).toBe(22);
    expect(await node("postgres").getAttribute("aria-pressed")).toBe("true");
    expect(await page.locator(".node.faded").count()).toBe(16);
    await page.keyboard.press("Escape");
    await expect.poll(() => rows().count()).toBe(140);

    const link = page.locator('.link[aria-label*="orders-api@7f3c9a1be204 → 192.0.2.80"]');
    await link.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => rows().count()).toBe(11);
    expect(await page.locator("#tip").textContent()).toContain(
      "port 443 tcp: 37 connections, 4 failed, 891 KiB",
    );
    await page.locator("#selection").click();
    await expect.poll(() => rows().count()).toBe(140);
  });

  it("keeps the focus on a node while the map is updated", async () => {
    await openPage();
    await node("nginx").focus();
    view.edges.push(liveEdge({ source: "nginx", destination: "192.0.2.201" }));
    await node("192.0.2.201").waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("nginx");
  });

  it("holds the table while paused and says how much is waiting", async () => {
    await openPage();
    await page.click("#pause");
    view.flows.unshift(liveFlow({ sequence: 141, processName: "wget" }));
    await page.getByText("140 of the latest 140, paused: 1 new").waitFor();
    expect(await page.getByText("wget (4711)").count()).toBe(0);
    await page.click("#pause");
    await page.getByText("wget (4711)").waitFor();
  });

  it("shows the busiest of many endpoints and says how many are hidden", async () => {
    view = liveView({
      edges: Array.from({ length: 100 }, (_, index) =>
        liveEdge({ source: "curl", destination: `server-${index}`, connections: index + 1 }),
      ),
    });
    await openPage();
    expect(await page.locator(".node").count()).toBe(60);
    expect(await page.locator("#map-note").textContent()).toBe(
      "the 60 busiest of 101 endpoints, 41 hidden",
    );
    expect(await node("server-99").count()).toBe(1);
  });

  it("treats every name as text", async () => {
    view = hostileView();
    await openPage();
    expect(await rows().count()).toBe(HOSTILE_NAMES.length);
    await rows().first().getByText("<img src=x onerror=window.pwned=1> (4711)").waitFor();
    expect(await page.locator(".node").count()).toBe(HOSTILE_NAMES.length);
    for (const element of await page.locator(".node").all()) await element.focus();
    await page.locator(".node").first().click();
    const images = await page.locator("img").evaluateAll((all) => all.map((i) => i.outerHTML));
    expect(images).toEqual(['<img src="/icon.svg" alt="" width="30" height="30">']);
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
    expect(await page.locator("body").textContent()).not.toContain("\u202e");
    expect(new Set(requests.map((url) => new URL(url).pathname))).not.toContain("/x");
    expect(complaints).toEqual([]);
  });

  it("says so when nothing was seen yet", async () => {
    view = liveView();
    await openPage();
    await page.getByText("No connection seen yet.").waitFor();
    await page.getByText("No flow yet.").waitFor();
    expect(complaints).toEqual([]);
  });

  it("keeps its token over a reload, in this tab and without a cookie", async () => {
    await openPage();
    await page.reload();
    await page.locator("#health[data-state=good]").waitFor();
    expect(page.url()).toBe(`${new URL(server.url).origin}/`);
    expect(await page.context().cookies()).toEqual([]);
    const other = await page.context().newPage();
    await other.goto(new URL(server.url).origin);
    await other.getByText("This page lacks its token").waitFor();
    expect(complaints).toEqual([]);
  });

  it("says what to do without a token and with a wrong one, and does it in the same tab", async () => {
    const { origin } = new URL(server.url);
    await page.goto(origin);
    await page
      .getByText("This page lacks its token: open the address that the agent printed")
      .waitFor();
    expect(await page.locator("#health").textContent()).toBe("no token");
    expect(await page.locator("#map-empty").isHidden()).toBe(true);
    expect(requests.filter((url) => url.endsWith("/api/view"))).toEqual([]);
    await page.goto(`${origin}/#token=${tokenOf(server).slice(1)}`);
    await page.getByText("or the address was not complete").waitFor();
    expect(page.url()).toBe(`${origin}/`);
    await openPage();
    expect(await page.locator("#alarm").isHidden()).toBe(true);
    await page.goto(`${origin}/#filter`);
    await page.waitForResponse((response) => response.ok());
  });

  it("says so when the agent stops and when another one starts", async () => {
    await openPage();
    const { port } = new URL(server.url);
    await server.close();
    await page.getByText("The agent does not answer. What you see is from").waitFor();
    expect(await page.locator("#health").getAttribute("data-state")).toBe("bad");
    expect(await rows().count()).toBe(140);
    const address = { host: HOST, port: Number(port) };
    server = await startPageServer({ address, view: () => view, log });
    await page.getByText("The agent was started anew, or").waitFor();
    await openPage();
    expect(await page.locator("#alarm").isHidden()).toBe(true);
  });

  it("does not ask while nobody looks", async () => {
    await page.clock.install();
    await openPage();
    await setHidden(true);
    const asked = requests.length;
    await page.clock.runFor(30_000);
    expect(requests.length).toBe(asked);
    const next = page.waitForRequest(/\/api\/view$/);
    await setHidden(false);
    await next;
  });

  it.each([
    [1280, 800],
    [760, 900],
    [360, 640],
  ])("fits a window of %d x %d without scrolling sideways", async (width, height) => {
    await page.setViewportSize({ width, height });
    await openPage();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  });

  it("gives nothing to another site, not even on the same host", async () => {
    await openPage();
    const { origin } = new URL(server.url);
    const attacker = await startAttacker();
    try {
      await page.goto(attacker.url);
      const outcome = await page.evaluate(async (target) => {
        const attempt = (init: RequestInit) =>
          fetch(`${target}/api/view`, init).then(
            async (response) => `${response.type}:${await response.text()}`,
            () => "refused",
          );
        const load = (name: "script" | "iframe") =>
          new Promise<string>((resolve) => {
            const element = document.createElement(name);
            element.onload = () => resolve("loaded");
            element.onerror = () => resolve("refused");
            element.src = `${target}/page.js`;
            document.body.append(element);
          });
        return [
          await attempt({ credentials: "include" }),
          await attempt({ credentials: "include", mode: "no-cors" }),
          await attempt({ headers: { Authorization: "Bearer 0" } }),
          await load("script"),
          await load("iframe"),
        ];
      }, origin);
      expect(outcome.slice(0, 4)).toEqual(Array(4).fill("refused"));
      const refused = server.metrics().find((m) => m.labels?.reason === "cross_origin");
      expect(refused?.value).toBe(5);
      const kept = await page.evaluate(() => [document.cookie, Object.keys(sessionStorage)]);
      expect(kept).toEqual(["", []]);
    } finally {
      attacker.close();
    }
  });
});
