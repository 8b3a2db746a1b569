import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsOptions as ServerOptions } from "node:tls";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sampleBatch } from "../../test/support/kafka/batches.ts";
import {
  createAuthority,
  issueCertificate,
  opensslAvailable,
} from "../../test/support/kafka/certificates.ts";
import { FakeBroker, frame } from "../../test/support/kafka/fake-broker.ts";
import { TestLog } from "../../test/support/kafka/test-log.ts";
import { requireOrSkip } from "../../test/support/require.ts";
import { FRAME_BYTES_MAX, FrameSizes, guardFrames } from "./kafka-frames.ts";
import { KafkaSink } from "./kafka-sink.ts";

const IMPOSSIBLE = [0, 1, 3, -1, -4, -0x80000000, FRAME_BYTES_MAX + 1, 0x7fffffff];
const GOOD = Buffer.concat([4, 5, 300].map((size) => frame(size, new Uint8Array(size).fill(0xff))));

/** Whether each chunk was accepted, until one was not. */
function accepted(chunks: readonly Uint8Array[]): boolean[] {
  const sizes = new FrameSizes();
  const answers: boolean[] = [];
  for (const chunk of chunks) {
    answers.push(sizes.accept(chunk));
    if (answers.at(-1) === false) break;
  }
  return answers;
}

const bytesOf = (buffer: Buffer): Buffer[] => [...buffer].map((byte) => Buffer.of(byte));

describe("frame sizes", () => {
  it.each(IMPOSSIBLE)("refuse %d, whole, behind good frames and byte by byte", (size) => {
    expect(accepted([frame(size)])).toEqual([false]);
    expect(accepted([Buffer.concat([GOOD, frame(size)])])).toEqual([false]);
    expect(accepted([GOOD, ...bytesOf(frame(size))])).toEqual([true, true, true, true, false]);
  });

  it("stay refused", () => {
    const sizes = new FrameSizes();
    expect([sizes.accept(frame(0)), sizes.accept(GOOD)]).toEqual([false, false]);
  });

  it("accept the smallest and the largest frame", () => {
    const largest = [frame(FRAME_BYTES_MAX), new Uint8Array(FRAME_BYTES_MAX), frame(4)];
    expect(accepted(largest)).toEqual([true, true, true]);
  });

  it("accept good frames cut in two at every byte, and anywhere", () => {
    for (let cut = 0; cut <= GOOD.length; cut++) {
      expect(accepted([GOOD.subarray(0, cut), GOOD.subarray(cut), GOOD])).not.toContain(false);
    }
    const sizes = fc.array(fc.integer({ min: 4, max: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(60)), fc.constantFrom(...IMPOSSIBLE), (all, cuts, bad) => {
        const stream = Buffer.concat(all.map((size) => frame(size, Buffer.alloc(size))));
        expect(accepted(cut(stream, cuts))).not.toContain(false);
        expect(accepted(cut(Buffer.concat([stream, frame(bad)]), cuts)).at(-1)).toBe(false);
      }),
    );
  });
});

/** The bytes in chunks of these lengths, the rest in the last one. */
function cut(stream: Buffer, lengths: readonly number[]): Buffer[] {
  let rest = stream;
  const chunks = lengths.map((length) => {
    const chunk = rest.subarray(0, length);
    rest = rest.subarray(length);
    return chunk;
  });
  return [...chunks, rest];
}

describe("a guarded socket", () => {
  it("delivers good frames as they come, and nothing of the chunk that holds a bad one", async () => {
    const socket = new Socket();
    guardFrames(socket);
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(chunk));
    const failed = once(socket, "error");
    for (const chunk of bytesOf(GOOD)) socket.push(chunk);
    socket.push(Buffer.concat([GOOD, frame(-4)]));
    socket.push(GOOD);
    expect(await failed).toEqual([
      expect.objectContaining({ message: "the broker sent a response of an impossible size" }),
    ]);
    expect(Buffer.concat(received)).toEqual(GOOD);
    expect(socket.destroyed).toBe(true);
  });

  it("ends as any other", async () => {
    const socket = new Socket();
    guardFrames(socket);
    const ended = once(socket.resume(), "end");
    socket.push(GOOD);
    socket.push(null);
    await ended;
  });
});

describe.each(["TCP", "TLS"])("a broker over %s", (transport) => {
  let folder = "";
  let caFile = "";
  let serverOptions: ServerOptions | undefined;
  let broker: FakeBroker | undefined;
  let sink: KafkaSink | undefined;

  beforeAll(() => {
    if (transport === "TCP" || opensslAvailable() !== true) return;
    folder = mkdtempSync(join(tmpdir(), "kafka-frames-"));
    const authority = createAuthority(folder, "ca");
    const { certFile, keyFile } = issueCertificate(folder, authority, "broker", "IP:127.0.0.1");
    caFile = authority.certFile;
    serverOptions = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  });
  beforeEach((context) => {
    if (transport === "TLS") requireOrSkip(context, opensslAvailable(), "openssl");
  });
  afterEach(async () => {
    await sink?.close();
    await broker?.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Why the first attempt to publish failed, as the operator reads it. */
  async function complaint(answer: Parameters<typeof FakeBroker.start>[1]): Promise<string> {
    const log = new TestLog();
    broker = await FakeBroker.start(serverOptions, answer);
    const files = { caFile, certFile: "", keyFile: "" };
    sink = new KafkaSink(
      {
        brokers: [`127.0.0.1:${broker.port}`],
        namespace: "",
        tenantId: "acme",
        agentId: "node-1",
        tls: { enabled: transport === "TLS", ...files },
        allowPlaintext: true,
        maxBuffered: 10,
        closeTimeoutMs: 1,
      },
      log.log,
    );
    const retried = log.next("will be tried again");
    const published = expect(sink.publish(sampleBatch())).rejects.toMatchObject({
      code: "PUBLISH_FAILED",
    });
    await retried;
    await sink.close();
    await published;
    return log.loud.join("\n");
  }

  it.each([0, -4])("that announces %d bytes is asked again later", async (size) => {
    const said = await complaint((socket) => socket.write(frame(size, new Uint8Array(8))));
    expect(said).toMatch(/^warn publish .* impossible size$/);
  });

  it("that announces 2 GiB, a byte at a time, is cut before it has sent them", async () => {
    let sent = 0;
    const said = await complaint((socket) => {
      sent = 0;
      const pour = (): void => {
        if (socket.destroyed) return;
        const bytes = sent < 4 ? frame(0x7fffffff).subarray(sent, sent + 1) : Buffer.alloc(65_536);
        sent += bytes.length;
        socket.write(bytes, pour);
      };
      pour();
    });
    expect(said).toMatch(/^warn publish .* impossible size$/);
    expect(sent).toBeLessThan(FRAME_BYTES_MAX);
  });

  it("that answers byte by byte is understood", async () => {
    // ApiVersions response version 2: correlation id, no error, no API at all, no throttling.
    const said = await complaint((socket, request) => {
      const body = Buffer.concat([request.subarray(8, 12), Buffer.alloc(2 + 4 + 4)]);
      const bytes = bytesOf(frame(body.length, body));
      const drip = (): void => {
        const next = bytes.shift();
        if (next !== undefined && !socket.destroyed) socket.write(next, () => setImmediate(drip));
      };
      drip();
    });
    expect(said).toMatch(/^warn publish .* does not support the requested API version/);
  });
});
