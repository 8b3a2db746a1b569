import { readdir } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { IdleCrowd } from "../../test/support/idle-crowd.ts";
import type { LiveView } from "../model/live-view.ts";
import type { ListenAddress } from "./config.ts";
import { PAGE_ASSETS } from "./page-assets.ts";
import { type PageServer, type PageServerOptions, startPageServer } from "./page-server.ts";

const VIEW: LiveView = {
  agent: {
    tenantId: "local",
    host: "node-a",
    version: "0.1.0",
    mode: "live",
    reason: "kernel",
    startedUnixMs: 1,
    nowUnixMs: 2,
  },
  totals: {
    observed: 7,
    dropped: 0,
    connectionsFailed: 0,
    edges: 0,
    edgesEvicted: 0,
    batchesPublished: 0,
  },
  edges: [],
  flows: [],
};

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Ask {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
}

const VIEW_PATH = "/api/view";
const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };

const running: PageServer[] = [];
const logged: string[] = [];
const log = {
  warn: (_facts: object, message: string) => void logged.push(message),
  error: (_facts: object, message: string) => void logged.push(message),
};

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  logged.length = 0;
});

async function start(options: Partial<PageServerOptions> = {}): Promise<PageServer> {
  const server = await startPageServer({
    address: LOOPBACK,
    view: () => VIEW,
    log,
    ...options,
  });
  running.push(server);
  return server;
}

/** A request that says exactly what it is told: no header of its own. */
function ask(server: PageServer, { path = "/", method = "GET", headers = {} }: Ask = {}) {
  const { hostname, port, host } = new URL(server.url);
  return new Promise<Answer>((resolve, reject) => {
    const request = httpRequest(
      {
        host: hostname.replace(/[[\]]/g, ""),
        port,
        path,
        method,
        agent: false,
        setHost: false,
        headers: { Host: host, ...headers },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      },
    );
    request.on("error", reject);
    request.end();
  });
}

function tokenOf(server: PageServer): string {
  return new URL(server.url).hash.replace("#token=", "");
}

function portOf(server: PageServer): number {
  return Number(new URL(server.url).port);
}

function bearerOf(server: PageServer): { Authorization: string } {
  return { Authorization: `Bearer ${tokenOf(server)}` };
}

/** The view, as the page asks for it, with more headers. */
function askView(server: PageServer, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(server, { path: VIEW_PATH, headers: { ...bearerOf(server), ...headers } });
}

function refusals(server: PageServer, reason: string): number | undefined {
  return server.metrics().find((metric) => metric.labels?.reason === reason)?.value;
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
}

function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    socket.on("error", () => socket.destroy());
    socket.once("close", () => resolve());
  });
}

describe("token", () => {
  it("has 128 random bits, another one at each start", async () => {
    const [first, second] = [await start(), await start()];
    expect(tokenOf(first)).toMatch(/^[0-9a-f]{32}$/);
    expect(tokenOf(second)).not.toBe(tokenOf(first));
  });

  it("is the fragment of the address, and in no answer", async () => {
    const server = await start();
    expect(server.url).toBe(`http://127.0.0.1:${portOf(server)}/#token=${tokenOf(server)}`);
    for (const path of ["/", VIEW_PATH, `/?token=${tokenOf(server)}`]) {
      const { headers, body } = await ask(server, { path, headers: bearerOf(server) });
      expect(JSON.stringify(headers) + body).not.toContain(tokenOf(server));
      expect(headers["set-cookie"]).toBeUndefined();
    }
  });

  it("is required for the view, and for nothing that holds no data", async () => {
    const server = await start();
    const refused = await ask(server, { path: VIEW_PATH });
    expect(refused.status).toBe(401);
    expect(refused.headers["www-authenticate"]).toBe("Bearer");
    expect(refused.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(refused.body).toMatch(/^[^\n]+\n$/);
    expect(refusals(server, "token")).toBe(1);
    for (const [path] of PAGE_ASSETS) expect((await ask(server, { path })).status).toBe(200);
    expect((await ask(server, { path: "/missing" })).status).toBe(404);
  });

  it("is refused when it is near: prefix, longer, upper case, of another agent", async () => {
    const [server, other] = [await start(), await start()];
    const token = tokenOf(server);
    const wrong = ["", token.slice(0, -1), `${token}0`, `${token} x`, tokenOf(other), `x${token}`];
    if (/[a-f]/.test(token)) wrong.push(token.toUpperCase());
    for (const value of wrong) {
      const headers = { Authorization: `Bearer ${value}` };
      expect((await ask(server, { path: VIEW_PATH, headers })).status).toBe(401);
    }
    expect(refusals(server, "token")).toBe(wrong.length);
  });

  it("is taken from no other place: another scheme, a cookie, the query", async () => {
    const server = await start();
    const token = tokenOf(server);
    const Cookie = `token=${token}; probectl_page_${portOf(server)}=${token}`;
    for (const headers of [
      { Authorization: `Basic ${token}` },
      { Authorization: token },
      { Cookie },
    ]) {
      expect((await ask(server, { path: VIEW_PATH, headers })).status).toBe(401);
    }
    expect((await ask(server, { path: `${VIEW_PATH}?token=${token}` })).status).toBe(401);
  });
});

describe("origin", () => {
  it.each([
    "evil.example.com",
    "evil.example.com:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.0.0.1.evil.example.com:{port}",
    "localhost",
    "localhost.:{port}",
    "127.0.0.2:{port}",
    "[::1]:{port}",
    "0.0.0.0:{port}",
  ])("refuses the Host %s, token or not (DNS rebinding)", async (host) => {
    const server = await start();
    const Host = host.replace("{port}", String(portOf(server)));
    expect((await askView(server, { Host })).status).toBe(421);
    expect((await ask(server, { headers: { Host } })).status).toBe(421);
    expect(refusals(server, "host")).toBe(2);
  });

  it("answers to localhost as well", async () => {
    const server = await start();
    const Host = `localhost:${portOf(server)}`;
    expect((await askView(server, { Host })).status).toBe(200);
  });

  it("answers on [::1]", async () => {
    const server = await start({ address: { host: "::1", port: 0 } });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+\/#token=/);
    expect((await askView(server)).status).toBe(200);
  });

  it.each([
    { Origin: "http://evil.example.com" },
    { Origin: "null" },
    { Origin: "https://127.0.0.1:{port}" },
    { Origin: "http://127.0.0.1:1" },
    { Origin: "http://localhost:{port}" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "anything" },
  ])("refuses %j, token or not", async (header) => {
    const server = await start();
    const headers = Object.fromEntries(
      Object.entries(header).map(([name, value]) => [
        name,
        value.replace("{port}", String(portOf(server))),
      ]),
    );
    expect((await askView(server, headers)).status).toBe(403);
    expect((await ask(server, { headers })).status).toBe(403);
    expect(refusals(server, "cross_origin")).toBe(2);
  });

  it("answers its own page and the address bar", async () => {
    const server = await start();
    const origin = new URL(server.url).origin;
    for (const more of [
      { Origin: origin, "Sec-Fetch-Site": "same-origin" },
      { "Sec-Fetch-Site": "none" },
    ]) {
      expect((await askView(server, more)).status).toBe(200);
    }
  });
});

describe("methods and paths", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])(
    "refuses %s",
    async (method) => {
      const server = await start();
      const answer = await ask(server, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe("GET, HEAD");
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      const view = { path: VIEW_PATH, method };
      expect((await ask(server, view)).status).toBe(401);
      expect((await ask(server, { ...view, headers: bearerOf(server) })).status).toBe(405);
    },
  );

  it("answers HEAD as GET, without the body", async () => {
    const server = await start();
    for (const path of ["/", VIEW_PATH]) {
      const [head, get] = await Promise.all(
        ["HEAD", "GET"].map((method) => ask(server, { path, method, headers: bearerOf(server) })),
      );
      expect(head?.status).toBe(200);
      expect(head?.body).toBe("");
      expect(head?.headers["content-length"]).toBe(String(Buffer.byteLength(get?.body ?? "")));
    }
  });

  it.each([
    "/../agent/page-server.ts",
    "/..%2f..%2fpackage.json",
    "/%2e%2e/%2e%2e/package.json",
    "/page.js/",
    "/page.js%00",
    "//page.js",
    "/./page.js",
    "/PAGE.JS",
    "/index.html",
    "/tsconfig.json",
    "/__proto__",
    "/constructor",
    "/etc/passwd",
    "/api/view/",
    "http://127.0.0.1/page.js",
    "*",
  ])("knows no path %s", async (path) => {
    const server = await start();
    const answer = await ask(server, { path });
    expect(answer.status).toBe(404);
    expect(answer.body).toBe("Not found.\n");
  });

  it("serves every file of the page and nothing else of its folder", async () => {
    const files = await readdir(new URL("../page/", import.meta.url));
    const assets = files.filter((file) => !/\.test\.ts$|^tsconfig\.json$/.test(file));
    expect(PAGE_ASSETS.map(([, file]) => file).sort()).toEqual(assets.sort());
    const server = await start();
    for (const [path, , type] of PAGE_ASSETS) {
      const answer = await ask(server, { path });
      expect(answer.status).toBe(200);
      expect(answer.headers["content-type"]).toBe(type);
      expect(answer.body.length).toBeGreaterThan(100);
    }
  });

  it("loads nothing from elsewhere and has no inline script or style", async () => {
    const server = await start();
    for (const [path] of PAGE_ASSETS) {
      const { body } = await ask(server, { path });
      const withoutNamespace = body.replaceAll("http://www.w3.org/2000/svg", "");
      const withoutExample = withoutNamespace.replace("curl https://example.com", "");
      expect(withoutExample).not.toMatch(/https?:|\/\/[a-z0-9-]+\.[a-z]/i);
      expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|innerHTML/);
      expect(body).not.toMatch(/outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
    }
  });
});

describe("answers", () => {
  it("hands out the view as JSON", async () => {
    const server = await start();
    const answer = await askView(server);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(answer.body)).toEqual(VIEW);
  });

  it("carries the same protection on every status", async () => {
    const server = await start();
    const answers = await Promise.all([
      ask(server),
      askView(server),
      ask(server, { path: VIEW_PATH }),
      ask(server, { path: "/missing" }),
      ask(server, { headers: { Host: "evil.example.com" } }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 401, 404, 421]);
    for (const { headers } of answers) {
      expect(headers["content-security-policy"]).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
          "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["cache-control"]).toBe("no-store");
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("survives a view that fails, and says so in the log", async () => {
    let fails = true;
    const view = () => {
      if (fails) throw new Error("no view");
      return VIEW;
    };
    const server = await start({ view });
    const answer = await askView(server);
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("no view");
    expect(logged).toEqual(["live page: the view failed"]);
    fails = false;
    expect((await askView(server)).status).toBe(200);
  });
});

describe("binding", () => {
  it.each([
    "0.0.0.0",
    "::",
    "",
    "192.0.2.1",
    "128.0.0.1",
    "::ffff:127.0.0.1",
    "127.1",
    "127.0.0.1.example.com",
    "localhost",
  ])("refuses %j, which is not loopback in figures", async (host) => {
    await expect(start({ address: { host, port: 0 } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/^ui_addr: [^\n]* is outside loopback: use 127\.0\.0\.1 /),
    });
  });

  it("takes any address of the loopback network", async () => {
    const server = await start({ address: { host: "127.8.9.10", port: 0 } });
    expect(new URL(server.url).hostname).toBe("127.8.9.10");
    expect((await askView(server)).status).toBe(200);
  });

  it("fails on a port in use, or takes a free one when asked to", async () => {
    const owner = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => owner.once("listening", resolve));
    const bound = owner.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    const address = { host: "127.0.0.1", port };
    try {
      await expect(start({ address })).rejects.toMatchObject({
        code: "LISTEN_FAILED",
        message: `ui_addr: cannot listen on 127.0.0.1:${port} (EADDRINUSE): choose another address or stop what uses it`,
      });
      const server = await start({ address, portFallback: true });
      expect(portOf(server)).not.toBe(port);
      expect(logged).toEqual(["live page: the port is in use, took a free one"]);
      expect((await askView(server)).status).toBe(200);
    } finally {
      await new Promise((resolve) => owner.close(resolve));
    }
  });

  it("never logs the token", async () => {
    const facts: object[] = [];
    const keep = (fact: object, message: string) => void facts.push({ ...fact, message });
    const server = await start({ log: { warn: keep, error: keep }, portFallback: true });
    await askView(server);
    expect(JSON.stringify(facts)).not.toContain(tokenOf(server));
  });

  it("closes open connections, more than once without harm", async () => {
    const server = await start();
    const socket = connect(portOf(server), "127.0.0.1");
    await opened(socket);
    const gone = closed(socket);
    await Promise.all([server.close(), server.close()]);
    await gone;
    await expect(ask(server)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("bounds", () => {
  it("cuts and counts connections beyond the bound, and answers meanwhile", async () => {
    const server = await start();
    const crowd = new IdleCrowd(portOf(server), 40);
    try {
      await crowd.cut(20);
      expect((await ask(server)).status).toBe(200);
      const cut = server.metrics().find((m) => m.name === "page_connections_refused_total");
      expect(cut?.value).toBeGreaterThanOrEqual(20);
    } finally {
      crowd.leave();
    }
  });
});
