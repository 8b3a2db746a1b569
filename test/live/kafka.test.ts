/**
 * The Kafka sink against a real broker over TLS, read back with a second protobuf implementation.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type IHeaders, Kafka, type KafkaMessage } from "kafkajs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { KafkaSink, type KafkaSinkOptions } from "../../src/emit/kafka-sink.ts";
import type { Metric } from "../../src/model/metric.ts";
import { expectedText, numberedBatch, sampleBatch } from "../support/kafka/batches.ts";
import { freePort, type KafkaBroker, startKafka } from "../support/kafka/broker.ts";
import { createAuthority } from "../support/kafka/certificates.ts";
import { kafkaAvailable } from "../support/kafka/jars.ts";
import { TestLog } from "../support/kafka/test-log.ts";
import { protocAvailable, protocDecode, type TextMessage } from "../support/protoc.ts";
import { requireOrSkip } from "../support/require.ts";

const START_TIMEOUT_MS = 400_000;
const TOPIC = "probectl.ebpf.flows";

const available = kafkaAvailable();
let broker: KafkaBroker | undefined;
const sinks: KafkaSink[] = [];
let log: TestLog;

beforeAll(async () => {
  if (available === true) broker = await startKafka();
}, START_TIMEOUT_MS);
afterAll(async () => {
  await broker?.stop();
});
beforeEach((ctx) => {
  requireOrSkip(ctx, available, "a Kafka broker");
  requireOrSkip(ctx, protocAvailable(), "protoc");
  log = new TestLog();
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.close()));
});

describe("a batch published to a real broker", () => {
  it("arrives with key, headers and every field as in the contract", async () => {
    await open().publish(sampleBatch());
    const messages = await readTopic(TOPIC);
    expect(messages).toHaveLength(1);
    const [message] = messages;
    expect(message?.key?.toString()).toBe("acme|bd");
    expect(header(message?.headers, "schema")).toBe("probectl.ebpf.v1.FlowBatch");
    expect(header(message?.headers, "batch-id")).toMatch(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    );
    expect(decode(message)).toEqual(expectedText(sampleBatch()));
  });

  it("goes to the topic of its namespace and to no other", async () => {
    const before = await endOffset(TOPIC);
    const sink = open({ namespace: "acme-eu1", tenantId: "t2", agentId: "web-01.example" });
    await sink.publish(sampleBatch());
    const messages = await readTopic("probectl.acme-eu1.ebpf.flows");
    expect(messages.map(({ key }) => key?.toString())).toEqual(["t2|bl"]);
    expect(await endOffset(TOPIC)).toBe(before);
  });

  it("is split when it is larger than a message may be, and arrives whole and in order", async () => {
    const batch = numberedBatch(10_000);
    const sink = open({ namespace: "large" });
    await sink.publish(batch);
    const messages = await readTopic("probectl.large.ebpf.flows");
    expect(messages.length).toBeGreaterThan(2);
    expect(Math.max(...messages.map(({ value }) => value?.length ?? 0))).toBeLessThan(1_000_000);
    const ids = messages.map(({ headers }) => header(headers, "batch-id"));
    expect(new Set(ids).size).toBe(messages.length);
    expect(messages.flatMap((message) => decode(message).flows)).toEqual(expectedText(batch).flows);
    expect(value(sink, "records_published_total")).toBe(10_000);
    expect(value(sink, "batches_published_total")).toBe(1);
    expect(value(sink, "publish_buffered_records")).toBe(0);
  });

  it("keeps the order of batches that are published at the same time", async () => {
    const sink = open({ namespace: "order" });
    const sizes = [5, 1, 4, 2, 3];
    await Promise.all(sizes.map((size) => sink.publish(numberedBatch(size))));
    const messages = await readTopic("probectl.order.ebpf.flows");
    expect(messages.map((message) => decode(message).flows?.length)).toEqual(sizes);
  });

  it("waits while the broker is away and arrives when it is there", async () => {
    const port = await freePort();
    const retrying = log.next("will be tried again");
    // The authority of the broker to come is not known yet: a development broker without TLS.
    const sink = open({
      brokers: [`127.0.0.1:${port}`],
      tls: { ...tls(), enabled: false },
      allowPlaintext: true,
    });
    const published = sink.publish(sampleBatch());
    await retrying;
    expect(value(sink, "publish_buffered_records")).toBe(4);
    const late = await startKafka({ port, plaintext: true });
    try {
      await published;
      const messages = await readTopic(TOPIC, late);
      expect(messages.map(decode)).toEqual([expectedText(sampleBatch())]);
      await sink.close();
    } finally {
      await late.stop();
    }
    expect(log.loud).toEqual([
      expect.stringMatching(/^warn publish to Kafka will be tried again: .*ECONNREFUSED/),
      "info the broker takes batches again",
    ]);
    expect(value(sink, "publish_dropped_total")).toBe(0);
  });
});

describe("a broker with a certificate of another authority", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "authority-"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it("gets nothing, and the batch is rejected with one clear line", async () => {
    const before = await endOffset(TOPIC);
    const other = createAuthority(folder, "other");
    // The switch other programs obey must not reach this one.
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const sink = open({ tls: { ...tls(), caFile: other.certFile } });
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({
      code: "PUBLISH_FAILED",
      message: expect.stringMatching(
        /^publish to Kafka failed: TLS with the broker failed: [^\n]+; check bus\.tls\.ca_file[^\n]+$/,
      ),
    });
    expect(value(sink, "publish_dropped_total", "broker_refused")).toBe(4);
    expect(value(sink, "records_published_total")).toBe(0);
    expect(await endOffset(TOPIC)).toBe(before);
  });
});

describe("a login the broker does not take", () => {
  it("rejects with one line, without the password anywhere", async () => {
    const sasl = { mechanism: "plain", user: "agent", password: "s3cr3t-passw0rd" } as const;
    const sink = open({ sasl });
    const error = await sink.publish(sampleBatch()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "PUBLISH_FAILED",
      message: expect.stringMatching(/^publish to Kafka failed: the broker refused the login: .+$/),
    });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("s3cr3t");
    expect(log.lines.join("\n")).not.toContain("s3cr3t");
    expect(value(sink, "publish_dropped_total", "broker_refused")).toBe(4);
  });
});

function tls(): KafkaSinkOptions["tls"] {
  return { enabled: true, caFile: broker?.caFile ?? "", certFile: "", keyFile: "" };
}

function sinkOptions(): KafkaSinkOptions {
  return {
    brokers: broker?.brokers ?? [],
    namespace: "",
    tenantId: "acme",
    agentId: "node-1",
    tls: tls(),
    allowPlaintext: false,
    maxBuffered: 65_536,
  };
}

/** A sink that is closed after the test. */
function open(changes: Partial<KafkaSinkOptions> = {}): KafkaSink {
  const sink = new KafkaSink({ ...sinkOptions(), ...changes }, log.log);
  sinks.push(sink);
  return sink;
}

function value(sink: KafkaSink, name: string, reason?: string): number {
  const matches = (metric: Metric): boolean =>
    metric.name === name && (reason === undefined || metric.labels?.reason === reason);
  return sink
    .metrics()
    .filter(matches)
    .reduce((sum, metric) => sum + metric.value, 0);
}

function header(headers: IHeaders | undefined, name: string): string | undefined {
  return headers?.[name]?.toString();
}

function decode(message: KafkaMessage | undefined): TextMessage {
  return protocDecode("FlowBatch", message?.value ?? new Uint8Array());
}

/** Messages a topic holds over all its partitions; 0 when there is no such topic. */
async function endOffset(topic: string, of = broker): Promise<number> {
  const admin = kafka(of).admin();
  await admin.connect();
  try {
    if (!(await admin.listTopics()).includes(topic)) return 0;
    const partitions = await admin.fetchTopicOffsets(topic);
    return partitions.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Everything a topic holds, in the order of its partitions' offsets. */
async function readTopic(topic: string, of = broker): Promise<KafkaMessage[]> {
  const count = await endOffset(topic, of);
  if (count === 0) return [];
  const consumer = kafka(of).consumer({ groupId: `reader-of-${topic}` });
  const messages: KafkaMessage[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
      const eachMessage = async ({ message }: { message: KafkaMessage }): Promise<void> => {
        messages.push(message);
        if (messages.length === count) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return messages;
}

function kafka(of: KafkaBroker | undefined): Kafka {
  if (of === undefined) throw new Error("the broker is not running");
  return new Kafka(of.client);
}
