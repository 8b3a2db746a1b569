import { afterEach, describe, expect, it } from "vitest";
import { IdleCrowd } from "../../test/support/idle-crowd.ts";
import { exchange } from "../../test/support/raw-http.ts";
import { counter } from "../model/metric.ts";
import { type HealthServer, type HealthSubject, startHealthServer } from "./health.ts";
import { createLogger } from "./log.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const OBSERVED = counter("observed_total", "Help.", 7);

const logged: string[] = [];
const log = createLogger(
  { level: "info", format: "text" },
  { write: (line: string) => logged.push(line) },
);
const running: HealthServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  logged.length = 0;
});

/** Starts a server and returns its base URL. */
async function start(subject: Partial<HealthSubject> = {}): Promise<string> {
  const whole = {
    version: "1.2.3",
    readiness: () => ({ ready: true, reason: "" }),
    metrics: [() => [OBSERVED]],
    ...subject,
  };
  const server = await startHealthServer(LOOPBACK, whole, log);
  running.push(server);
  return `http://127.0.0.1:${server.address.port}`;
}

describe("health server", () => {
  it("says it is alive even when it is not ready", async () => {
    const base = await start({ readiness: () => ({ ready: false, reason: "no BTF" }) });
    const health = await fetch(`${base}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
    const ready = await fetch(`${base}/readyz?verbose`);
    expect([ready.status, await ready.text()]).toEqual([503, "no BTF\n"]);
  });

  it("follows readiness as it changes", async () => {
    let ready = false;
    const base = await start({ readiness: () => ({ ready, reason: "starting" }) });
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    ready = true;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  it("shows the metrics of every provider, its own and those of the process", async () => {
    const base = await start({
      metrics: [() => [OBSERVED], () => [{ ...OBSERVED, name: "edges", type: "gauge" }]],
    });
    const answer = await fetch(`${base}/metrics`);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await answer.text();
    for (const line of [
      "probectl_ebpf_observed_total 7",
      "probectl_ebpf_edges 7",
      'probectl_ebpf_build_info{version="1.2.3"} 1',
      "probectl_ebpf_health_connections_refused_total 0",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it("answers 500 and logs when a provider fails, and goes on", async () => {
    const base = await start({
      metrics: [
        () => {
          throw new Error("broken provider");
        },
      ],
    });
    const answer = await fetch(`${base}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([500, "failed, see the log\n"]);
    expect(logged.join()).toContain("broken provider");
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  it("answers HEAD without a body, and other methods with 405", async () => {
    const base = await start();
    const head = await fetch(`${base}/metrics`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(0);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await fetch(`${base}/healthz`, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      await answer.text();
    }
  });

  it("knows no other path", async () => {
    const base = await start();
    for (const path of ["/", "/healthz/", "/metrics/x", "/constructor", "/__proto__"]) {
      expect((await fetch(base + path)).status).toBe(404);
    }
  });

  it("never takes the body of a request for the next request", async () => {
    const base = await start();
    const smuggled = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    const answer = await exchange(
      Number(new URL(base).port),
      `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
  });

  it("answers while somebody holds more connections than its bound, and counts", async () => {
    const port = Number(new URL(await start()).port);
    const crowd = new IdleCrowd(port, 40);
    try {
      await crowd.cut(20);
      for (let probe = 0; probe < 50; probe++) {
        const answer = await exchange(port, "GET /healthz HTTP/1.0\r\n\r\n");
        expect(answer).toMatch(/^HTTP\/1\.1 200 .*ok\n$/s);
      }
      const text = await exchange(port, "GET /metrics HTTP/1.0\r\n\r\n");
      const [, refused] =
        /^probectl_ebpf_health_connections_refused_total (\d+)$/m.exec(text) ?? [];
      expect(Number(refused)).toBeGreaterThanOrEqual(20);
    } finally {
      crowd.leave();
    }
  });

  it("listens on IPv6, and closes twice without a fault", async () => {
    const subject = { version: "", readiness: () => ({ ready: true, reason: "" }), metrics: [] };
    const server = await startHealthServer({ host: "::1", port: 0 }, subject, log);
    expect((await fetch(`http://[::1]:${server.address.port}/healthz`)).status).toBe(200);
    await server.close();
    await server.close();
    await expect(fetch(`http://[::1]:${server.address.port}/healthz`)).rejects.toThrow();
  });
});
