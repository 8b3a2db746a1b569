import { EventEmitter, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TlsOptions as ServerOptions } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { numberedBatch, sampleBatch, sampleFlow } from "../../test/support/kafka/batches.ts";
import { freePort } from "../../test/support/kafka/broker.ts";
import {
  type Authority,
  type Certificate,
  createAuthority,
  issueCertificate,
  opensslAvailable,
} from "../../test/support/kafka/certificates.ts";
import { TestLog } from "../../test/support/kafka/test-log.ts";
import { requireOrSkip } from "../../test/support/require.ts";
import { KafkaSink, type KafkaSinkOptions } from "./kafka-sink.ts";

let folder = "";
let authority: Authority;
let certificate: Certificate;
let server: Server | undefined;
let log = new TestLog();
beforeAll(() => {
  if (opensslAvailable() !== true) return;
  folder = mkdtempSync(join(tmpdir(), "kafka-sink-"));
  authority = createAuthority(folder, "ca");
  certificate = issueCertificate(folder, authority, "localhost", "DNS:localhost");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach((ctx) => requireOrSkip(ctx, opensslAvailable(), "openssl"));
afterEach(() => {
  server?.close();
  log = new TestLog();
});

const NO_TLS = { enabled: false, caFile: "", certFile: "", keyFile: "" };

function options(changes: Partial<KafkaSinkOptions> = {}): KafkaSinkOptions {
  return {
    brokers: ["127.0.0.1:9"],
    namespace: "",
    tenantId: "acme",
    agentId: "node-1",
    tls: { ...NO_TLS, enabled: true, caFile: authority.certFile },
    allowPlaintext: false,
    maxBuffered: 10,
    ...changes,
  };
}

function value(sink: KafkaSink, name: string, reason?: string): number | undefined {
  return sink.metrics().find((m) => m.name === name && m.labels?.reason === reason)?.value;
}

function pem({ certFile, keyFile }: Certificate): ServerOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** Port of a TLS server that says nothing beyond the handshake. */
async function listenTls(serverOptions: ServerOptions): Promise<number> {
  const listening = createServer(serverOptions, (socket) => socket.on("error", () => undefined));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return (listening.address() as AddressInfo).port;
}

describe("options that are refused with one line that names the key", () => {
  it.each<[string, () => Partial<KafkaSinkOptions>, RegExp]>([
    ["no TLS", () => ({ tls: NO_TLS }), /^bus\.tls\.enabled is false: enable TLS/],
    [
      "TLS files without TLS",
      () => ({ tls: { ...NO_TLS, caFile: authority.certFile } }),
      /^bus\.tls\.enabled is false/,
    ],
    ["a malformed namespace", () => ({ namespace: "A.b" }), /^bus\.namespace "A\.b" is malformed/],
    [
      "the key of another certificate",
      () => ({
        tls: { ...options().tls, certFile: certificate.certFile, keyFile: authority.keyFile },
      }),
      /^bus\.tls\.cert_file and bus\.tls\.key_file do not match/,
    ],
    [
      "a missing CA file",
      () => ({ tls: { ...options().tls, caFile: join(folder, "none") } }),
      /^bus\.tls\.ca_file \S+none cannot be used: ENOENT/,
    ],
    [
      "a CA file that is a key",
      () => ({ tls: { ...options().tls, caFile: authority.keyFile } }),
      /^bus\.tls\.ca_file \S+ca\.key cannot be used: /,
    ],
  ])("%s", (_, changes, message) => {
    expect(() => new KafkaSink(options(changes()), log.log)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("one line even where the cause has several", () => {
    const caFile = join(folder, "text");
    writeFileSync(caFile, "no\ncertificate\n");
    const tls = { ...options().tls, caFile };
    expect(() => new KafkaSink(options({ tls }), log.log)).toThrow(/^[^\n]+$/);
  });
});

describe("options that are accepted", () => {
  it("with a client certificate", async () => {
    const tls = {
      ...options().tls,
      certFile: certificate.certFile,
      keyFile: certificate.keyFile,
    };
    await new KafkaSink(options({ tls }), log.log).close();
    expect(log.lines).toEqual([]);
  });

  it("plaintext by name", async () => {
    const plain = options({ tls: NO_TLS, allowPlaintext: true });
    await new KafkaSink(plain, log.log).close();
    expect(log.lines).toEqual([]);
  });
});

describe("the TLS handshake", () => {
  it("sends the name of the broker", async () => {
    const names = new EventEmitter();
    const named = once(names, "name");
    const port = await listenTls({
      ...pem(certificate),
      SNICallback: (serverName, done) => {
        names.emit("name", serverName);
        done(null);
      },
    });
    const brokers = [`localhost:${port}`];
    const sink = new KafkaSink(options({ brokers, closeTimeoutMs: 1 }), log.log);
    const published = sink.publish(sampleBatch());
    const givenUp = expect(published).rejects.toMatchObject({ code: "PUBLISH_FAILED" });
    expect(await named).toEqual(["localhost"]);
    await sink.close();
    await givenUp;
  });

  it.each<[string, () => ServerOptions]>([
    [
      "of a certificate for another name",
      () => pem(issueCertificate(folder, authority, "other", "DNS:other.example")),
    ],
    [
      "of TLS 1.1",
      () => ({
        ...pem(certificate),
        minVersion: "TLSv1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
    ],
  ])("%s fails for good", async (_, serverOptions) => {
    const port = await listenTls(serverOptions());
    const sink = new KafkaSink(options({ brokers: [`localhost:${port}`] }), log.log);
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({
      code: "PUBLISH_FAILED",
      message: expect.stringMatching(/^publish to Kafka failed: TLS with the broker failed: .+$/),
    });
    await sink.close();
    expect(value(sink, "publish_dropped_total", "broker_refused")).toBe(4);
  });
});

describe("while no broker answers", () => {
  async function unreachable(changes: Partial<KafkaSinkOptions> = {}): Promise<KafkaSink> {
    const brokers = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    return new KafkaSink(options({ brokers, closeTimeoutMs: 50, ...changes }), log.log);
  }

  it("holds what fits, refuses the newest batch and counts both", async () => {
    const sink = await unreachable();
    const first = sink.publish(sampleBatch());
    const second = sink.publish(sampleBatch());
    await expect(sink.publish(numberedBatch(3))).rejects.toMatchObject({
      code: "PUBLISH_REFUSED",
      message: expect.stringMatching(/^batch of 3 records refused: more than 10 would wait; .+$/),
    });
    expect(value(sink, "publish_buffered_records")).toBe(8);
    expect(value(sink, "publish_dropped_total", "buffer_full")).toBe(3);
    const settled = Promise.allSettled([first, second]);
    await sink.close();
    const stopped = {
      status: "rejected",
      reason: expect.objectContaining({ code: "PUBLISH_FAILED" }),
    };
    expect(await settled).toEqual([stopped, stopped]);
    expect(value(sink, "publish_dropped_total", "closed")).toBe(8);
    expect(value(sink, "publish_buffered_records")).toBe(0);
    expect(value(sink, "records_offered_total")).toBe(11);
  });

  it("gives a batch up after the delivery timeout, and goes on with the next", async () => {
    const sink = await unreachable({ deliveryTimeoutMs: 1 });
    const results = await Promise.allSettled([
      sink.publish(sampleBatch()),
      sink.publish(numberedBatch(1)),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        reason: {
          code: "PUBLISH_FAILED",
          message: expect.stringMatching(
            /^publish to Kafka failed for 1 ms: .*ECONNREFUSED.*; check that bus\.brokers can be reached$/,
          ),
        },
      });
    }
    expect(value(sink, "publish_dropped_total", "delivery_timeout")).toBe(5);
    await sink.close();
  });

  it("warns once and stays quiet about the repetitions", async () => {
    const sink = await unreachable();
    const published = expect(sink.publish(sampleBatch())).rejects.toMatchObject({
      code: "PUBLISH_FAILED",
    });
    await log.next("will be tried again");
    await log.next("will be tried again");
    await sink.close();
    await published;
    expect(log.loud).toEqual([
      expect.stringMatching(/^warn publish to Kafka will be tried again: .*ECONNREFUSED/),
    ]);
  });

  it("drops a record that no message can carry, by name", async () => {
    const sink = await unreachable();
    await sink.publish({ flows: [sampleFlow({ processName: "x".repeat(1_000_000) })], edges: [] });
    await sink.close();
    expect(value(sink, "publish_dropped_total", "oversized")).toBe(1);
    expect(value(sink, "publish_buffered_records")).toBe(0);
    expect(log.loud).toEqual([expect.stringContaining("larger than a message")]);
  });

  it("resolves an empty batch and refuses any after the close", async () => {
    const sink = await unreachable();
    await sink.publish({ flows: [], edges: [] });
    await sink.close();
    await sink.close();
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({ code: "PUBLISH_REFUSED" });
    expect(value(sink, "publish_dropped_total", "closed")).toBe(4);
  });
});
