/**
 * Every configuration key, one row each: its format and bounds, default, environment variable,
 * flag and meaning. Loading, `config check`, `--help` and docs/configuration.md all read this
 * table; nothing else knows a key by heart except the checks that span several keys. One long
 * file, because it is one table.
 */

import type { Format } from "./formats.ts";
import * as format from "./formats.ts";

export type BusMode = "memory" | "file" | "kafka" | "otlp";

export interface Setting<T> {
  readonly format: Format<T>;
  /** As it would be written in the file; the value when no layer sets the key. */
  readonly default: string;
  /** Shown for the default where it depends on the host. */
  readonly defaultShown?: string;
  readonly meaning: string;
  /** After PROBECTL_EBPF_; only where it is not the key in capitals. */
  readonly environment?: string;
  readonly flag?: { readonly name: string; readonly argument: string };
  /** An empty value is refused. */
  readonly required?: true;
  /** Never printed. */
  readonly secret?: true;
  /** An address: people write `user:password@` into those, and what has an @ is not printed. */
  readonly address?: true;
  /** The bus modes in which the key has an effect; all when absent. */
  readonly busModes?: readonly BusMode[];
  /**
   * The feature behind the key, when this version does not have it: a value other than the
   * default is answered with a warning, or refused where going on would mislead the operator.
   */
  readonly missing?: { readonly feature: string; readonly refused: boolean };
}

/** Keeps the value type of the format and the optional columns in one row. */
function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

const NETWORK: readonly BusMode[] = ["kafka", "otlp"];
const L7 = { feature: "L7 parsing", refused: false };
const SPOOL = { feature: "store and forward", refused: false };
const MIB = 1024 ** 2;
const TIB = 1024 ** 4;

export const SETTINGS = {
  tenant_id: setting({
    format: format.name(128, "|"),
    default: "",
    required: true,
    flag: { name: "--tenant-id", argument: "NAME" },
    meaning: "The one tenant of everything emitted; overwrites whatever a fixture says.",
  }),
  host: setting({
    format: format.name(253, "|"),
    default: "",
    required: true,
    defaultShown: "the OS hostname",
    flag: { name: "--host", argument: "NAME" },
    meaning: "The observing host; also the agent id.",
  }),
  "bus.mode": setting({
    format: format.choice("memory", "file", "kafka", "otlp"),
    default: "memory",
    flag: { name: "--bus-mode", argument: "MODE" },
    meaning:
      "Where batches go: `memory` (in process, nothing leaves the host), `file`, `kafka`. `otlp` is refused in this version.",
  }),
  "bus.brokers": setting({
    format: format.listOf(format.serverAddress),
    default: "",
    address: true,
    busModes: ["kafka"],
    meaning: "Kafka bootstrap servers; required for `kafka`.",
  }),
  "bus.namespace": setting({
    format: format.matching(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      "1 to 63 of a-z, 0-9 and -, not starting with -",
    ),
    default: "",
    busModes: ["kafka"],
    meaning: "Makes the topic `probectl.<namespace>.ebpf.flows`.",
  }),
  "bus.path": setting({
    format: format.path,
    default: "-",
    busModes: ["file"],
    flag: { name: "--bus-path", argument: "FILE" },
    meaning: "The file of `file` mode, created 0600; `-` is standard output.",
  }),
  "bus.format": setting({
    format: format.choice("ndjson", "protobuf"),
    default: "ndjson",
    busModes: ["file"],
    meaning:
      "`ndjson`: one FlowBatch a line as proto JSON; `protobuf`: length-delimited FlowBatch.",
  }),
  "bus.max_bytes": setting({
    format: format.byteSize(4096, TIB),
    default: "64MiB",
    busModes: ["file"],
    meaning: "The file is rotated before it grows past this size.",
  }),
  "bus.endpoint": setting({
    format: format.httpUrl,
    default: "",
    address: true,
    busModes: ["otlp"],
    meaning: "Collector URL of `otlp` mode.",
  }),
  "bus.tls.enabled": setting({
    format: format.boolean,
    default: "false",
    busModes: NETWORK,
    meaning:
      "TLS 1.2 or newer to the bus, always verified. Anything on the network without it is refused unless `bus.allow_plaintext`.",
  }),
  "bus.tls.ca_file": setting({
    format: format.path,
    default: "",
    defaultShown: "the CAs of Node.js",
    busModes: NETWORK,
    meaning: "PEM file of the CAs that may sign the bus's certificate.",
  }),
  "bus.tls.cert_file": setting({
    format: format.path,
    default: "",
    busModes: NETWORK,
    meaning: "PEM client certificate chain; only together with `bus.tls.key_file`.",
  }),
  "bus.tls.key_file": setting({
    format: format.path,
    default: "",
    busModes: NETWORK,
    meaning: "PEM key of the client certificate.",
  }),
  "bus.tls.trust_domain": setting({
    format: format.matching(/^[a-z0-9._-]{1,255}$/, "a SPIFFE trust domain such as prod.example"),
    default: "",
    busModes: NETWORK,
    missing: { feature: "pinning of SPIFFE identities", refused: true },
    meaning: "The SPIFFE trust domain the bus's certificate must belong to.",
  }),
  "bus.sasl.mechanism": setting({
    format: format.choice("", "plain", "scram-sha-256", "scram-sha-512"),
    default: "",
    busModes: ["kafka"],
    meaning: "`plain`, `scram-sha-256` or `scram-sha-512`; needs user and password.",
  }),
  "bus.sasl.user": setting({
    format: format.text("a user name"),
    default: "",
    busModes: ["kafka"],
    meaning: "SASL user.",
  }),
  "bus.sasl.password": setting({
    format: format.text("a password"),
    default: "",
    secret: true,
    busModes: ["kafka"],
    meaning: "SASL password. Never printed or logged.",
  }),
  "bus.allow_plaintext": setting({
    format: format.boolean,
    default: "false",
    busModes: NETWORK,
    meaning: "Development only: allows a bus without TLS; warned about at every start.",
  }),
  "bus.max_buffered": setting({
    format: format.integer(1, 16777216),
    default: "65536",
    busModes: ["file", "kafka", "otlp"],
    meaning: "Most records that wait for the broker or the file.",
  }),
  "spool.path": setting({
    format: format.absolutePath,
    default: "/var/lib/probectl/spool",
    missing: SPOOL,
    meaning: "Directory of batches that wait for the bus.",
  }),
  "spool.max_bytes": setting({
    format: format.byteSize(MIB, TIB),
    default: "512MiB",
    missing: SPOOL,
    meaning: "Bound on the spool.",
  }),
  fixture_path: setting({
    format: format.path,
    default: "",
    flag: { name: "--fixture", argument: "FILE" },
    meaning: "Replay recorded flows (a JSON array) instead of watching the kernel.",
  }),
  fixture_fallback: setting({
    format: format.boolean,
    default: "false",
    meaning:
      "Where live capture is unavailable, replay the packaged sample instead of waiting unready; also lets the live page take a free port when its own is in use.",
  }),
  l7_fixture_path: setting({
    format: format.path,
    default: "",
    missing: { feature: "replay of L7 fixtures", refused: true },
    meaning: "Replay recorded L7 chunks; not live capture, so exempt from the consent keys.",
  }),
  ring_buffer_bytes: setting({
    format: format.ringSize(256 * MIB),
    default: "16777216",
    meaning:
      "Kernel ring buffer, rounded up to a power of two of whole pages. Raise it when `dropped_total` grows.",
  }),
  libssl: setting({
    format: format.absolutePathOr("auto"),
    default: "auto",
    missing: { feature: "capture from TLS libraries", refused: false },
    meaning: "TLS library to watch; `auto` discovers it.",
  }),
  l7_capture_enabled: setting({
    format: format.boolean,
    default: "false",
    environment: "L7_CAPTURE",
    meaning: "Key 1 of 3 for live L7 capture. Refused in this version.",
  }),
  l7_capture_consent_tenant: setting({
    format: format.name(128, "|"),
    default: "",
    environment: "L7_CONSENT_TENANT",
    meaning: "Key 2 of 3: must equal `tenant_id` exactly.",
  }),
  l7_capture_scope: setting({
    format: format.listOf(format.text("pid:<n>, exe:/abs/path or cgroup:/abs/dir")),
    default: "",
    environment: "L7_SCOPE",
    meaning:
      "Key 3 of 3: `pid:<n>`, `exe:/abs/path`, `cgroup:/abs/dir`. Host-wide is not expressible.",
  }),
  l7_capture_redaction: setting({
    format: format.choice("headers", "length", "full"),
    default: "headers",
    environment: "L7_REDACTION",
    missing: L7,
    meaning: "What of captured payload survives: `headers`, `length` (nothing), `full`.",
  }),
  l7_capture_kernel_window: setting({
    format: format.integer(128, 4095),
    default: "1024",
    environment: "L7_KERNEL_WINDOW",
    missing: L7,
    meaning:
      "Most payload bytes of one read or write call that leave the kernel; `length` forces 0, `full` forces 4095.",
  }),
  l7_resource: setting({
    format: format.choice("full", "template", "off"),
    default: "full",
    missing: L7,
    meaning: "What of path, DNS name and topic leaves: `full`, `template` (`/orders/{id}`), `off`.",
  }),
  l7_process_budget: setting({
    format: format.integer(1, 1e9),
    default: "20000",
    missing: L7,
    meaning: "L7 records per second and process before sampling.",
  }),
  proc_root: setting({
    format: format.absolutePath,
    default: "/proc",
    meaning: "The procfs that says which process, container and unit owns a connection.",
  }),
  flush_interval: setting({
    format: format.duration(),
    default: "10s",
    flag: { name: "--flush-interval", argument: "DURATION" },
    meaning: "How often a batch is published.",
  }),
  max_service_edges: setting({
    format: format.integerOrUnbounded(1e9),
    default: "50000",
    meaning: "Bound on the service map; the least recently seen edge is evicted and counted.",
  }),
  max_l7_conns: setting({
    format: format.integerOrUnbounded(1e9),
    default: "8192",
    missing: L7,
    meaning: "Bound on connections with L7 state.",
  }),
  l7_conn_idle_ttl: setting({
    format: format.duration("no bound"),
    default: "5m",
    missing: L7,
    meaning: "Idle time after which L7 state is evicted and counted.",
  }),
  health_addr: setting({
    format: format.listenAddress,
    default: "off",
    flag: { name: "--health-addr", argument: "ADDRESS" },
    meaning: "`/healthz`, `/readyz` and Prometheus `/metrics`.",
  }),
  ui_addr: setting({
    format: format.loopbackAddress,
    default: "off",
    flag: { name: "--ui-addr", argument: "ADDRESS" },
    meaning: "The live page; a non-loopback address is refused.",
  }),
  status_socket: setting({
    format: format.absolutePath,
    default: "/run/probectl/ebpf-agent.sock",
    missing: { feature: "the status command", refused: false },
    meaning: "Socket of the `status` command.",
  }),
  log_level: setting({
    format: format.choice("debug", "info", "warn", "error"),
    default: "info",
    flag: { name: "--log-level", argument: "LEVEL" },
    meaning: "The least severe lines that are logged.",
  }),
  log_format: setting({
    format: format.choice("json", "text"),
    default: "json",
    flag: { name: "--log-format", argument: "FORMAT" },
    meaning: "Log lines on standard error.",
  }),
};

export type Key = keyof typeof SETTINGS;

/** The parsed value of every key. */
export type Values = {
  readonly [K in Key]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

/** In the order of the table. */
export const KEYS = Object.keys(SETTINGS) as readonly Key[];

export const ENVIRONMENT_PREFIX = "PROBECTL_EBPF_";

/** The row of a key, for code that treats all rows alike. */
export function settingOf(key: Key): Setting<unknown> {
  return SETTINGS[key];
}

/** The environment variable that overrides the key. */
export function environmentName(key: Key): string {
  const suffix = settingOf(key).environment ?? key.toUpperCase().replaceAll(".", "_");
  return ENVIRONMENT_PREFIX + suffix;
}

export function isKey(text: string): text is Key {
  return Object.hasOwn(SETTINGS, text);
}

/** What `--profile local` puts beneath the file, the environment and the flags. */
export const PROFILES = {
  local: {
    tenant_id: "local",
    ui_addr: "127.0.0.1:8612",
    log_format: "text",
    fixture_fallback: "true",
  },
} as const satisfies Record<string, Partial<Record<Key, string>>>;
