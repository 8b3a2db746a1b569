/**
 * One entry of a flow fixture: the documented keys, checked by hand so that a fault is one
 * line that names the entry and the key.
 *
 * `tenant_id`, `agent_id` and `host` must be text and are otherwise ignored: the agent stamps
 * its own. Keys that are absent have the default of the table; keys of other tools are ignored.
 */

import type { Direction, FlowState, NetworkTransport } from "../model/flow.ts";
import { addressBytes } from "./address-bytes.ts";

/** Packet counters of a record are 32 bits wide. */
const U32_MAX = 0xffff_ffff;
const PORT_MAX = 0xffff;
const DURATION_MS_MAX = 10 * 365 * 24 * 3600 * 1000;

export interface FixtureEntry {
  /** 4 or 16 bytes, as many as the destination's. */
  source: number[];
  sourcePort: number;
  destination: number[];
  destinationPort: number;
  networkTransport: NetworkTransport;
  direction: Direction;
  state: FlowState;
  /** The process on this host: the source of an egress entry, the destination of another. */
  pid: number;
  bytes: number;
  packets: number;
  /** Ours, optional: the name of that process and its user id. */
  processName: string;
  uid: number;
  /** Ours, optional: how much of `bytes` and `packets` this host received; the rest was sent. */
  bytesReceived: number;
  packetsReceived: number;
  srttUs: number;
  durationMs: number;
}

/** The entry, or what is wrong with it: `destination_port must be an integer from 0 to 65535`. */
export function parseFixtureEntry(value: unknown): FixtureEntry | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "must be an object";
  }
  const fields = new Fields(value as Record<string, unknown>);
  for (const ignored of ["tenant_id", "agent_id", "host"]) {
    fields.text(ignored);
  }
  const source = fields.address("source_address");
  const destination = fields.address("destination_address");
  const bytes = fields.count("bytes", Number.MAX_SAFE_INTEGER);
  const packets = fields.count("packets", U32_MAX);
  const entry: FixtureEntry = {
    source,
    sourcePort: fields.count("source_port", PORT_MAX),
    destination,
    destinationPort: fields.required("destination_port").count("destination_port", PORT_MAX),
    networkTransport: fields.oneOf("network_transport", ["tcp", "udp"]),
    direction: fields.oneOf("direction", ["egress", "ingress"]),
    state: fields.oneOf("state", ["established", "close"]),
    pid: fields.count("source_pid", U32_MAX),
    bytes,
    packets,
    processName: fields.text("process_name"),
    uid: fields.count("uid", U32_MAX),
    bytesReceived: fields.count("bytes_received", bytes),
    packetsReceived: fields.count("packets_received", packets),
    srttUs: fields.count("srtt_us", U32_MAX),
    durationMs: fields.count("duration_ms", DURATION_MS_MAX),
  };
  fields.checkFamily(source, destination);
  return fields.fault ?? entry;
}

/** Reads typed keys and keeps the first fault; what cannot be read has its default. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  fault: string | undefined;

  constructor(object: Readonly<Record<string, unknown>>) {
    this.#object = object;
  }

  required(key: string): this {
    if (this.#object[key] === undefined) {
      this.#fail(key, "is missing");
    }
    return this;
  }

  text(key: string): string {
    const value = this.#object[key] ?? "";
    if (typeof value === "string") {
      return value;
    }
    this.#fail(key, "must be text");
    return "";
  }

  address(key: string): number[] {
    const bytes = addressBytes(this.required(key).text(key));
    if (bytes === undefined) {
      this.#fail(key, "must be an IPv4 or IPv6 address without a zone");
    }
    return bytes ?? [];
  }

  /** An integer from 0 to `max`; 0 when absent. */
  count(key: string, max: number): number {
    const value = this.#object[key] ?? 0;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) {
      return value;
    }
    this.#fail(key, `must be an integer from 0 to ${max}`);
    return 0;
  }

  /** One of `values`; the first one when absent. */
  oneOf<T extends string>(key: string, values: readonly [T, ...T[]]): T {
    const value = this.#object[key] ?? values[0];
    const found = values.find((one) => one === value);
    if (found === undefined) {
      this.#fail(key, `must be ${values.filter((one) => one !== "").join(" or ")}`);
    }
    return found ?? values[0];
  }

  /** An IPv4-mapped address may be called `ipv6`, as it is written, or `ipv4`, as it is shown. */
  checkFamily(source: readonly number[], destination: readonly number[]): void {
    if (source.length !== destination.length) {
      this.#fail("destination_address", "must be of the same family as source_address");
    }
    const type = this.oneOf("network_type", ["", "ipv4", "ipv6"]);
    const written = this.text("source_address").includes(":") ? "ipv6" : "ipv4";
    const shown = source.length === 4 ? "ipv4" : "ipv6";
    if (type !== "" && type !== written && type !== shown) {
      this.#fail("network_type", `must be ${shown}, as the addresses are`);
    }
  }

  #fail(key: string, problem: string): void {
    this.fault ??= `${key} ${problem}`;
  }
}
