/** The configuration in force: complete, bounded and consistent, for the agent to build from. */

import type { ListenAddress } from "./formats.ts";
import type { Values } from "./settings.ts";

export type { ListenAddress } from "./formats.ts";

/** "" in a path, name or credential means not set. */
export interface AgentConfig {
  readonly tenantId: string;
  /** The observing host, which is the agent id too. */
  readonly host: string;
  readonly bus: BusConfig;
  /** Recorded flows to replay; "" watches the kernel. */
  readonly fixturePath: string;
  /** Replay the packaged sample where live capture is unavailable. */
  readonly fixtureFallback: boolean;
  /** A power of two of at least 4096; a kernel with larger pages needs at least one of them. */
  readonly ringBufferBytes: number;
  readonly procRoot: string;
  readonly flushIntervalMs: number;
  /** 0 means no bound. */
  readonly serviceEdgesMax: number;
  /** null is off. */
  readonly healthAddress: ListenAddress | null;
  /** Always on loopback; null is off. */
  readonly uiAddress: ListenAddress | null;
  readonly log: LogConfig;
}

/** The options of the sink in `src/emit`, but for who is speaking. */
export type BusConfig = { readonly mode: "memory" } | FileBusConfig | KafkaBusConfig;

export interface FileBusConfig {
  readonly mode: "file";
  /** `-` is standard output. */
  readonly path: string;
  readonly format: "ndjson" | "protobuf";
  /** The file is rotated before it grows past this. */
  readonly maxBytes: number;
  /** Records that may wait. */
  readonly maxBuffered: number;
}

export interface KafkaBusConfig {
  readonly mode: "kafka";
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly namespace: string;
  /** Disabled only where plaintext is allowed. */
  readonly tls: TlsConfig;
  readonly allowPlaintext: boolean;
  readonly sasl?: SaslConfig;
  /** Records that may wait. */
  readonly maxBuffered: number;
}

/** Paths of PEM files that could be read at start; cert and key are both set or both "". */
export interface TlsConfig {
  readonly enabled: boolean;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface SaslConfig {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly user: string;
  readonly password: string;
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "json" | "text";
}

/** The configuration that checked values mean. */
export function agentConfig(values: Values): AgentConfig {
  return {
    tenantId: values.tenant_id,
    host: values.host,
    bus: busConfig(values),
    fixturePath: values.fixture_path,
    fixtureFallback: values.fixture_fallback,
    ringBufferBytes: values.ring_buffer_bytes,
    procRoot: values.proc_root,
    flushIntervalMs: values.flush_interval,
    serviceEdgesMax: values.max_service_edges,
    healthAddress: values.health_addr,
    uiAddress: values.ui_addr,
    log: { level: values.log_level, format: values.log_format },
  };
}

function busConfig(values: Values): BusConfig {
  switch (values["bus.mode"]) {
    case "memory":
      return { mode: "memory" };
    case "file":
      return {
        mode: "file",
        path: values["bus.path"],
        format: values["bus.format"],
        maxBytes: values["bus.max_bytes"],
        maxBuffered: values["bus.max_buffered"],
      };
    case "kafka":
      return kafkaConfig(values);
    case "otlp":
      throw new Error("bus.mode otlp passed the bus rules");
  }
}

function kafkaConfig(values: Values): KafkaBusConfig {
  const mechanism = values["bus.sasl.mechanism"];
  const config: KafkaBusConfig = {
    mode: "kafka",
    brokers: values["bus.brokers"],
    namespace: values["bus.namespace"],
    tls: {
      enabled: values["bus.tls.enabled"],
      caFile: values["bus.tls.ca_file"],
      certFile: values["bus.tls.cert_file"],
      keyFile: values["bus.tls.key_file"],
    },
    allowPlaintext: values["bus.allow_plaintext"],
    maxBuffered: values["bus.max_buffered"],
  };
  if (mechanism === "") return config;
  const sasl = { mechanism, user: values["bus.sasl.user"], password: values["bus.sasl.password"] };
  return { ...config, sasl };
}
