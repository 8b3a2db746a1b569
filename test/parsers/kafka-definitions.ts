/**
 * Random messages of the Apache Kafka definitions, for tests: an encoder that shares nothing with
 * the generated table. Every field that must not survive is a secret or a number; what a call is
 * expected to tell comes with the message.
 */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const DEFINITIONS = fileURLToPath(
  new URL(
    "../../../shared/corpus/kafka-schemas/clients/src/main/resources/common/message",
    import.meta.url,
  ),
);

interface Field {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly tag?: number;
  readonly entityType?: string;
  readonly fields?: readonly Field[];
}

export interface Definition {
  readonly apiKey: number;
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly fields: readonly Field[];
  readonly commonStructs?: readonly Field[];
}

export interface Api {
  readonly key: number;
  readonly name: string;
  readonly last: number;
  readonly request: Definition;
  readonly response: Definition;
}

export function readApis(folder = DEFINITIONS): Api[] {
  const read = (file: string): Definition =>
    JSON.parse(readFileSync(`${folder}/${file}`, "utf8").replace(/^\s*\/\/.*$/gm, ""));
  return readdirSync(folder)
    .filter((file) => file.endsWith("Request.json"))
    .map((file) => {
      const request = read(file);
      const response = read(file.replace("Request", "Response"));
      const last = Number(/(\d+)$/.exec(request.validVersions)?.[1]);
      return { key: request.apiKey, name: file.slice(0, -12), last, request, response };
    });
}

function isIn(range: string | undefined, version: number): boolean {
  if (range === undefined || range === "none") return false;
  const [first, last] = range.split("-");
  const from = Number.parseInt(first ?? "", 10);
  const to = range.endsWith("+") ? Number.POSITIVE_INFINITY : Number(last ?? from);
  return version >= from && version <= to;
}

/** mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Six bytes of it anywhere are a leak; none of them could be a topic name. */
export const SECRET = "zQ#s3c#r3t!";

export interface Message {
  readonly bytes: Uint8Array;
  readonly topics: string[];
  readonly errors: number[];
  /** Topic ids that stand for a topic without its name. */
  readonly ids: string[];
}

export class MessageWriter {
  readonly #parts: Buffer[] = [];
  readonly #structs = new Map<string, readonly Field[]>();
  readonly topics: string[] = [];
  readonly errors: number[] = [];
  readonly ids: string[] = [];
  readonly #definition: Definition;
  readonly #version: number;
  readonly #flexible: boolean;
  readonly #random: (below: number) => number;

  constructor(definition: Definition, version: number, random: (below: number) => number) {
    this.#definition = definition;
    this.#version = version;
    this.#random = random;
    this.#flexible = isIn(definition.flexibleVersions, version);
    this.#collect(definition.fields);
    for (const { name, fields } of definition.commonStructs ?? []) {
      this.#structs.set(name, fields ?? []);
      this.#collect(fields ?? []);
    }
  }

  #collect(fields: readonly Field[]): void {
    for (const field of fields) {
      if (field.fields === undefined) continue;
      this.#structs.set(field.type.replace("[]", ""), field.fields);
      this.#collect(field.fields);
    }
  }

  /** The header's last part and the body. */
  message(clientId: string | null | undefined): Message {
    if (clientId !== undefined) {
      this.#int(clientId?.length ?? -1, 2);
      this.#parts.push(Buffer.from(clientId ?? ""));
    }
    const isApiVersions = this.#definition.name === "ApiVersionsResponse";
    if (this.#flexible && !isApiVersions) this.#tags([]);
    this.#struct(this.#definition.fields);
    const { topics, errors, ids } = this;
    return { bytes: Buffer.concat(this.#parts), topics, errors, ids };
  }

  #int(value: number, bytes: number): void {
    const part = Buffer.alloc(bytes);
    if (bytes === 8) part.writeBigInt64BE(BigInt(value));
    else if (bytes > 0) part.writeIntBE(value, 0, bytes);
    this.#parts.push(part);
  }

  #varint(value: number): void {
    const bytes: number[] = [];
    for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
    this.#parts.push(Buffer.from([...bytes, value]));
  }

  #length(value: number, width: number): void {
    if (this.#flexible) this.#varint(value + 1);
    else this.#int(value, width);
  }

  #bytes(content: string | null, width: number): void {
    this.#length(content?.length ?? -1, width);
    this.#parts.push(Buffer.from(content ?? "", "latin1"));
  }

  #struct(fields: readonly Field[]): void {
    const present = fields.filter((field) => isIn(field.versions, this.#version));
    for (const field of present.filter(({ tag }) => tag === undefined)) this.#field(field, present);
    if (this.#flexible) this.#tags(present.filter(({ tag }) => tag !== undefined));
  }

  /** Known tags, and one that nobody knows. */
  #tags(fields: readonly Field[]): void {
    const chosen = fields.filter(() => this.#random(2) === 0);
    const unknown = this.#random(4) === 0;
    this.#varint(chosen.length + (unknown ? 1 : 0));
    for (const field of chosen.sort((a, b) => (a.tag ?? 0) - (b.tag ?? 0))) {
      const before = this.#parts.length;
      const told = this.topics.length + this.ids.length;
      this.#field(field, []);
      const content = Buffer.concat(this.#parts.splice(before));
      if (this.topics.length + this.ids.length !== told) throw new Error("a topic in a tag");
      this.#varint(field.tag ?? 0);
      this.#varint(content.length);
      this.#parts.push(content);
    }
    if (!unknown) return;
    this.#varint(77);
    this.#varint(SECRET.length);
    this.#parts.push(Buffer.from(SECRET));
  }

  #field(field: Field, siblings: readonly Field[]): void {
    const { type, name } = field;
    const nullable = isIn(field.nullableVersions, this.#version);
    const isNull = nullable && this.#random(4) === 0;
    const isTopic = field.entityType === "topicName" || name === "SubscribedTopicNames";
    if (type.startsWith("[]")) {
      if (isNull) this.#length(-1, 4);
      else this.#array(type.slice(2), isTopic);
    } else if (type === "string") {
      if (isTopic) this.#topic(isNull);
      else this.#bytes(isNull ? null : this.#secret(), 2);
    } else if (type === "bytes" || type === "records") {
      this.#bytes(isNull ? null : this.#secret().repeat(1 + this.#random(30)), 4);
    } else if (this.#structs.has(type)) {
      if (nullable) this.#int(isNull ? -1 : 1, 1);
      if (!isNull) this.#struct(this.#structs.get(type) ?? []);
    } else if (type === "uuid") this.#uuid(name, siblings);
    else if (name.endsWith("ErrorCode")) this.#error();
    else this.#int(name === "Acks" ? 1 : this.#random(100), SIZES[type] ?? -1);
  }

  #array(type: string, isTopic: boolean): void {
    const count = this.#random(4);
    this.#length(count, 4);
    for (let index = 0; index < count; index++) {
      if (type === "string") {
        if (isTopic) this.#topic(false);
        else this.#bytes(this.#secret(), 2);
      } else if (SIZES[type] !== undefined) this.#int(this.#random(100), SIZES[type]);
      else if (type === "uuid") this.#uuid("", []);
      else this.#struct(this.#structs.get(type) ?? []);
    }
  }

  #secret(): string {
    return this.#random(5) === 0 ? "" : SECRET.repeat(1 + this.#random(3));
  }

  #topic(isNull: boolean): void {
    const name = isNull ? null : `t.${this.#random(30)}_${"x".repeat(this.#random(200))}`;
    this.#bytes(name, 2);
    if (name !== null) this.topics.push(name);
  }

  #uuid(name: string, siblings: readonly Field[]): void {
    const id = Buffer.alloc(16);
    for (let index = 0; index < 16; index++) id[index] = 128 + this.#random(128);
    this.#parts.push(id);
    const named = siblings.find(
      ({ entityType, nullableVersions }) =>
        entityType === "topicName" && !(this.#isRequest && nullableVersions !== undefined),
    );
    if (name === "TopicId" && named === undefined) this.ids.push(id.toString("hex"));
  }

  get #isRequest(): boolean {
    return this.#definition.name.endsWith("Request");
  }

  #error(): void {
    const error = this.#random(6) === 0 ? this.#random(120) - 1 : 0;
    this.#int(error, 2);
    this.errors.push(error);
  }
}

const SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
};

/** A request or response with its size, and the header that its kind has. */
export function frame(head: { key?: number; version?: number; id: number }, rest: Uint8Array) {
  const { key, version, id } = head;
  const isRequest = key !== undefined;
  const bytes = Buffer.alloc((isRequest ? 12 : 8) + rest.length);
  bytes.writeInt32BE(bytes.length - 4, 0);
  if (isRequest) {
    bytes.writeInt16BE(key, 4);
    bytes.writeInt16BE(version ?? 0, 6);
  }
  bytes.writeInt32BE(id, isRequest ? 8 : 4);
  bytes.set(rest, isRequest ? 12 : 8);
  return bytes;
}
