/**
 * A real Apache Kafka broker for tests: one KRaft node on loopback whose only client listener is
 * TLS (or plaintext on demand), with certificates, ports and data of its own. Gone without a trace after stop().
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Admin, Kafka, type KafkaConfig, logLevel } from "kafkajs";
import { createAuthority, issueCertificate } from "./certificates.ts";
import { kafkaClassPath } from "./jars.ts";

export interface KafkaOptions {
  /** Port of the client listener; else a free one. */
  port?: number;
  /** No TLS, as on a developer's machine. */
  plaintext?: boolean;
  /** Lines for server.properties, on top of those here. */
  properties?: Record<string, string>;
}

export interface KafkaBroker {
  /** For `bus.brokers`: by address, while the broker itself advertises the name `localhost`. */
  brokers: string[];
  /** The authority that signed the broker's certificate. */
  caFile: string;
  /** What kafkajs needs to connect, for the readers of a test. */
  client: KafkaConfig;
  /** The end of what the broker wrote, for the message of a failing test. */
  log(): string;
  /** Ends the process and removes everything. Bounded. Idempotent. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 5_000;
const LOG_CHARACTERS_MAX = 8_000;

/** Small and quick to start rather than fast. */
const JAVA_OPTIONS = [
  "-Xmx384m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];

/** Starts the broker; resolves when it answers its clients. Rejects with the end of its log. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaBroker> {
  const classPath = kafkaClassPath();
  const folder = mkdtempSync(join(tmpdir(), "kafka-"));
  const authority = createAuthority(folder, "ca");
  issueCertificate(folder, authority, "server", "DNS:localhost,IP:127.0.0.1");
  const port = options.port ?? (await freePort());
  const properties = join(folder, "server.properties");
  writeFileSync(properties, serverProperties(folder, port, await freePort(), options));
  await format(classPath, properties);

  const child = spawn("java", [...JAVA_OPTIONS, "-cp", classPath, "kafka.Kafka", properties], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = keepTail(child);
  const killNow = (): void => void child.kill("SIGKILL");
  process.once("exit", killNow);
  let stopping: Promise<void> | undefined;
  const broker: KafkaBroker = {
    brokers: [`127.0.0.1:${port}`],
    caFile: authority.certFile,
    client: {
      brokers: [`127.0.0.1:${port}`],
      ssl: options.plaintext ? false : { ca: readFileSync(authority.certFile) },
      logLevel: logLevel.NOTHING,
      retry: { retries: 3, initialRetryTime: 100 },
    },
    log,
    stop: () => {
      stopping ??= end(child).then(() => {
        process.off("exit", killNow);
        rmSync(folder, { recursive: true, force: true });
      });
      return stopping;
    },
  };
  try {
    await ready(broker, child);
  } catch (error) {
    await broker.stop();
    throw new Error(`the Kafka broker did not start: ${log()}`, { cause: error });
  }
  return broker;
}

/** A port of 127.0.0.1 nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was assigned");
  return address.port;
}

function serverProperties(
  folder: string,
  port: number,
  controllerPort: number,
  { plaintext, properties: more }: KafkaOptions,
): string {
  const properties = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `CLIENT://localhost:${port}`,
    "listener.security.protocol.map": `CLIENT:${plaintext ? "PLAINTEXT" : "SSL"},CONTROLLER:PLAINTEXT`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": join(folder, "server.pem"),
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": join(folder, "ca.crt"),
    "log.dirs": join(folder, "data"),
    "num.partitions": "3",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    ...more,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

async function format(classPath: string, properties: string): Promise<void> {
  // A leading "-" would be read as an option.
  const clusterId = `A${randomBytes(16).toString("base64url").slice(1, 21)}A`;
  await promisify(execFile)(
    "java",
    [
      ...[...JAVA_OPTIONS, "-cp", classPath, "kafka.tools.StorageTool", "format"],
      ...["--cluster-id", clusterId, "--config", properties],
    ],
    { timeout: START_TIMEOUT_MS },
  );
}

/** Resolves when the broker knows itself as the controller. */
async function ready(broker: KafkaBroker, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const admin = new Kafka({ ...broker.client, retry: { retries: 0 } }).admin();
    try {
      if (await hasController(admin)) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await admin.disconnect();
    }
    await sleep(200);
  }
}

async function hasController(admin: Admin): Promise<boolean> {
  await admin.connect();
  const { brokers, controller } = await admin.describeCluster();
  return controller !== null && brokers.length === 1;
}

function keepTail(child: ChildProcess): () => string {
  let tail = "";
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString("utf8")).slice(-LOG_CHARACTERS_MAX);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return () => tail;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const killLater = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killLater);
}
