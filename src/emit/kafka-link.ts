/**
 * One producer on a Kafka cluster, through kafkajs: connects when first used, sends one message at
 * a time. After a failure it is of no more use, because it cannot know which sequence number the
 * broker expects next: its owner disconnects it and makes another.
 */

import { isIP, connect as netConnect, type Socket } from "node:net";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import {
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Producer,
  type SASLOptions,
} from "kafkajs";
import { settledWithin, within } from "./deadline.ts";
import { guardFrames } from "./kafka-frames.ts";

export interface KafkaMessage {
  key: string;
  value: Uint8Array;
  headers: Record<string, string>;
}

export interface KafkaLinkOptions {
  brokers: readonly string[];
  clientId: string;
  topic: string;
  /** undefined: plaintext. */
  tls: ConnectionOptions | undefined;
  sasl: SASLOptions | undefined;
  /** Receives kafkajs's own messages, without their details. */
  log: (message: string) => void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** For a whole send with everything it may need: connecting, metadata, producer id, repetitions. */
const SEND_TIMEOUT_MS = 60_000;
const DISCONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_MS = 60_000;

/** Repetitions with the same sequence number, which the broker recognises. */
const PRODUCE_RETRY = { retries: 4, initialRetryTime: 200, maxRetryTime: 5_000 };

export class KafkaLink {
  readonly #options: KafkaLinkOptions;
  readonly #kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #producer: Promise<Producer> | undefined;
  #closed = false;

  constructor(options: KafkaLinkOptions) {
    this.#options = options;
    this.#kafka = new Kafka({
      brokers: [...options.brokers],
      clientId: options.clientId,
      ssl: options.tls ?? false,
      ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      authenticationTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Every broker of the list has its turn, and a topic just made gets the moment it needs for a
      // leader; longer waiting is the sink's.
      retry: { retries: options.brokers.length + 2, initialRetryTime: 50, maxRetryTime: 1_000 },
      socketFactory: ({ host, port, onConnect }) => this.#openSocket(host, port, onConnect),
      logLevel: logLevel.WARN,
      // Ending the sockets is an error to kafkajs, not to anybody else.
      logCreator: () => (entry) => {
        if (!this.#closed) options.log(entry.log.message);
      },
    });
  }

  /**
   * Resolves when all in-sync replicas have the message. Rejects with kafkajs's error, or after a
   * minute; the broker may then have the message nevertheless.
   */
  send(message: KafkaMessage, signal: AbortSignal): Promise<void> {
    return within(this.#send(message), SEND_TIMEOUT_MS, signal);
  }

  /** Ends everything within 2 s; no send may follow. Never rejects. */
  async disconnect(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy(new Error("disconnected"));
    const ended = this.#producer?.then((producer) => producer.disconnect());
    if (ended !== undefined) await settledWithin(ended, DISCONNECT_TIMEOUT_MS);
  }

  async #send({ key, value, headers }: KafkaMessage): Promise<void> {
    this.#producer ??= this.#connect();
    const producer = await this.#producer;
    await producer.send({
      topic: this.#options.topic,
      acks: -1,
      compression: CompressionTypes.GZIP,
      messages: [
        { key, value: Buffer.from(value.buffer, value.byteOffset, value.length), headers },
      ],
    });
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: PRODUCE_RETRY,
    });
    await producer.connect();
    return producer;
  }

  #openSocket(host: string, port: number, onConnect: () => void): Socket {
    // kafkajs goes on with a send that was given up; it must not connect again for it.
    if (this.#closed) throw new Error("disconnected");
    const { tls } = this.#options;
    const serverName = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      tls === undefined
        ? netConnect({ host, port }, onConnect)
        : tlsConnect({ host, port, ...serverName, ...tls }, onConnect);
    guardFrames(socket);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
