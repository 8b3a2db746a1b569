/** Kafka messages written by hand, for tests: hex digits, with spaces where they help to read. */

import { endsOf, hex, newParsers, type Step, stream } from "./harness.ts";
import { frame } from "./kafka-definitions.ts";

export const CLIENT = "0003 617070"; // "app"
export const PORT = { ends: endsOf(9092) };

/** A step of a stream, as a client or a server takes it. */
export type Sent = { readonly client: Uint8Array };
export type Got = { readonly server: Uint8Array };

export const request = (
  key: number,
  version: number,
  id: number,
  body = "",
  client = CLIENT,
): Sent => ({
  client: frame({ key, version, id }, hex(`${client}${body}`)),
});
export const response = (id: number, body: string): Got => ({ server: frame({ id }, hex(body)) });

export const API_VERSIONS = request(18, 0, 1);
export const API_VERSIONS_ANSWER = response(1, "0000 00000000");
/** Enough for the protocol to be told. */
export const WARM_UP: readonly Step[] = [API_VERSIONS, API_VERSIONS_ANSWER];

/** A string of the old kind, and a compact one. */
export const text = (value: string): string =>
  value.length.toString(16).padStart(4, "0") + Buffer.from(value, "latin1").toString("hex");
export const compact = (value: string): string =>
  (value.length + 1).toString(16).padStart(2, "0") + Buffer.from(value, "latin1").toString("hex");

/** Produce v3: no transaction, one topic, one partition, `records` bytes of records. */
export const produce = (id: number, topic: string, acks: string, records = "aabb"): Sent => {
  const size = (records.length / 2).toString(16).padStart(8, "0");
  const data = `00000001 ${text(topic)} 00000001 00000000 ${size} ${records}`;
  return request(0, 3, id, `ffff ${acks} 00007530 ${data}`);
};
export const produced = (id: number, topic: string, error = "0000"): Got => {
  const partition = `00000000 ${error} ${"00".repeat(8)} ${"ff".repeat(8)}`;
  return response(id, `00000001 ${text(topic)} 00000001 ${partition} 00000000`);
};
export const heartbeat = (id: number): Sent =>
  request(12, 0, id, `${text("group")} 00000001 ${text("member")}`);

export const run = (steps: readonly Step[], pieces?: number) =>
  stream(newParsers(), steps, pieces === undefined ? PORT : { ...PORT, pieces });
