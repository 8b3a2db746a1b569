/**
 * The tables of assembly/kafka/schema.gen.ts, from the message definitions of Apache Kafka:
 *
 *   node scripts/generate-kafka.mjs FOLDER [--check]
 *
 * FOLDER holds the *Request.json and *Response.json of clients/src/main/resources/common/message
 * (not part of this repository). `--check` writes nothing and exits 1 when the file is not what
 * the definitions give. Every API and version of them is in the table; the versions that Apache
 * Kafka calls unstable too.
 *
 * A message is a list of rows, one for each field; a row says which versions have the field, so
 * one list serves all versions. Adjacent fields of fixed size are one row.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TARGET = fileURLToPath(new URL("../assembly/kafka/schema.gen.ts", import.meta.url));
const FIXED_SIZES = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
};
/** Kinds of rows; assembly/kafka/schema.ts says what each means. */
const KINDS = [
  "END",
  "END_PLAIN",
  "FIXED",
  "STRING",
  "STRING16",
  "BYTES",
  "ERROR",
  "ACKS",
  "TOPIC",
  "TOPIC_LEARN",
  "TOPIC_ID",
  "ID_KEEP",
  "ID_LEARN",
  "ARRAY",
  "ARRAY_FIXED",
  "STRUCT",
];
const KIND = Object.fromEntries(KINDS.map((name, index) => [name, index]));
/** In `to`: no last version; in the extra byte: none. */
const OPEN = 255;
const ROW_BYTES = 6;
const API_BYTES = 10;
/** Arrays and structures within each other, with the message and its header. */
const DEPTH_MAX = 8;

/** The definitions: JSON with line comments. */
function readMessages(folder) {
  const messages = readdirSync(folder)
    .filter((file) => /(Request|Response)\.json$/.test(file))
    .map((file) =>
      JSON.parse(readFileSync(join(folder, file), "utf8").replace(/^\s*\/\/.*$/gm, "")),
    );
  const apis = new Map();
  for (const message of messages) {
    const api = apis.get(message.apiKey) ?? {};
    api[message.type] = message;
    apis.set(message.apiKey, api);
  }
  return [...apis.entries()].sort(([one], [other]) => one - other);
}

/** `3+`, `0-5`, `4`, `none` */
function versionsOf(text) {
  if (text === undefined || text === "none") return undefined;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new Error(`not a range of versions: ${text}`);
  const from = Number(match[1]);
  if (match[2] !== undefined) return { from, to: OPEN };
  return { from, to: match[3] === undefined ? from : Number(match[3]) };
}

function within(range, version) {
  return range !== undefined && version >= range.from && version <= range.to;
}

class Table {
  rows = [];
  lists = new Map();

  /** Adds a list of rows unless the same is there; returns the index of its first row. */
  add(rows) {
    const key = JSON.stringify(rows.map((row) => [row.kind, row.from, row.to, row.arg, row.extra]));
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    const index = this.rows.length;
    this.rows.push(...rows);
    this.lists.set(key, index);
    return index;
  }
}

function row(kind, range, comment, arg = 0, extra = OPEN) {
  return { kind: KIND[kind], from: range.from, to: range.to, arg, extra, comment };
}

const ALWAYS = { from: 0, to: OPEN };

class Compiler {
  constructor(table, message) {
    this.table = table;
    this.message = message;
    this.flexible = versionsOf(message.flexibleVersions);
    this.last = versionsOf(message.validVersions).to;
    this.structs = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct]));
    this.collect(message.fields);
    for (const struct of message.commonStructs ?? []) this.collect(struct.fields);
  }

  collect(fields) {
    for (const field of fields) {
      if (field.fields === undefined) continue;
      this.structs.set(field.type.replace("[]", ""), field);
      this.collect(field.fields);
    }
  }

  compile() {
    return this.list(this.message.fields, this.message.name, 3);
  }

  list(fields, path, depth) {
    if (depth > DEPTH_MAX) throw new Error(`${path}: deeper than ${DEPTH_MAX}`);
    const rows = [];
    for (const field of fields.filter((field) => field.tag === undefined)) {
      const next = this.field(field, fields, `${path}.${field.name}`, depth);
      const previous = rows.at(-1);
      if (
        next.kind === KIND.FIXED &&
        previous?.kind === KIND.FIXED &&
        sameVersions(next, previous)
      ) {
        previous.arg += next.arg;
        previous.comment += `, ${next.comment}`;
      } else {
        rows.push(next);
      }
    }
    const end = row("END", ALWAYS, path);
    for (const field of fields.filter((field) => field.tag !== undefined)) {
      if (field.versions !== field.taggedVersions) throw new Error(`${path}: partly tagged`);
      if (isError(field)) end.extra = field.tag;
    }
    return this.table.add([...rows, end]);
  }

  field(field, siblings, path, depth) {
    const range = versionsOf(field.versions);
    if (field.flexibleVersions !== undefined) throw new Error(`${path}: flexible on its own`);
    if (field.type.startsWith("[]")) return this.array(field, range, path, depth);
    if (isError(field)) return row("ERROR", range, field.name);
    if (this.message.name === "ProduceRequest" && field.name === "Acks") {
      return row("ACKS", range, field.name);
    }
    if (field.type === "uuid" && field.name === "TopicId") {
      return row(this.idKind(field, siblings), range, field.name);
    }
    if (isTopic(field)) {
      const learns = siblings.some((other) => this.idKind(other, siblings) === "ID_LEARN");
      return row(learns ? "TOPIC_LEARN" : "TOPIC", range, field.name);
    }
    const size = FIXED_SIZES[field.type];
    if (size !== undefined) return row("FIXED", range, field.name, size);
    if (field.type === "string") return row("STRING", range, field.name);
    if (field.type === "bytes" || field.type === "records") return row("BYTES", range, field.name);
    const struct = this.structs.get(field.type);
    if (struct === undefined) throw new Error(`${path}: unknown type ${field.type}`);
    const nullable = versionsOf(field.nullableVersions);
    const link = this.list(struct.fields, path, depth + 1);
    return row("STRUCT", range, field.name, link, nullable?.from ?? OPEN);
  }

  /** What an id of a topic is for: found by it, told by a server beside the name, or neither. */
  idKind(field, siblings) {
    if (field.type !== "uuid" || field.name !== "TopicId") return "";
    const name = siblings.find((other) => isTopic(other) && overlap(other, field));
    if (name === undefined) return "TOPIC_ID";
    if (this.message.type === "request") return name.nullableVersions ? "TOPIC_ID" : "ID_KEEP";
    return siblings.indexOf(name) < siblings.indexOf(field) ? "ID_LEARN" : "ID_KEEP";
  }

  array(field, range, path, depth) {
    const type = field.type.slice(2);
    if (FIXED_SIZES[type] !== undefined) {
      return row("ARRAY_FIXED", range, field.name, FIXED_SIZES[type]);
    }
    if (type === "string") {
      const element = row(isTopic(field) ? "TOPIC" : "STRING", ALWAYS, `an element of ${type}[]`);
      const link = this.table.add([element, row("END_PLAIN", ALWAYS, "")]);
      return row("ARRAY", range, field.name, link);
    }
    const struct = this.structs.get(type);
    if (struct === undefined) throw new Error(`${path}: unknown type ${type}`);
    this.assertNotEmpty(struct, range, path);
    return row("ARRAY", range, field.name, this.list(struct.fields, path, depth + 1));
  }

  /** Every element takes bytes, so that a count is bounded by the bytes of the message. */
  assertNotEmpty(struct, range, path) {
    for (let version = range.from; version <= Math.min(range.to, this.last); version++) {
      if (within(this.flexible, version)) continue;
      const present = struct.fields.some((field) => within(versionsOf(field.versions), version));
      if (!present) throw new Error(`${path}: nothing in an element of version ${version}`);
    }
  }
}

function sameVersions(one, other) {
  return one.from === other.from && one.to === other.to;
}

function overlap(one, other) {
  const [a, b] = [versionsOf(one.versions), versionsOf(other.versions)];
  return a.from <= b.to && b.from <= a.to;
}

function isError(field) {
  return field.type === "int16" && field.name.endsWith("ErrorCode");
}

function isTopic(field) {
  // One definition names its topics without saying that they are.
  const named = field.entityType === "topicName" || field.name === "SubscribedTopicNames";
  return named && /^(\[\])?string$/.test(field.type);
}

function u16(value) {
  if (value > 0xffff) throw new Error(`does not fit 16 bits: ${value}`);
  return [value & 0xff, value >> 8];
}

function rowLine(row) {
  const bytes = [row.kind, row.from, row.to, ...u16(row.arg), row.extra];
  return `  ${bytes.join(", ")}, // ${KINDS[row.kind]} ${row.comment}`.trimEnd();
}

function apiLine(api, table, names) {
  const name = api.request.name.replace(/Request$/, "");
  const request = new Compiler(table, api.request);
  const response = new Compiler(table, api.response);
  if (JSON.stringify(request.flexible) !== JSON.stringify(response.flexible)) {
    throw new Error(`${name}: request and response differ in what is flexible`);
  }
  for (const message of [api.request, api.response]) {
    if (versionsOf(message.validVersions).from !== 0) throw new Error(`${name}: no version 0`);
  }
  const start = names.text.length;
  names.text += name;
  const bytes = [
    request.flexible?.from ?? OPEN,
    request.last,
    ...u16(request.compile()),
    ...u16(response.compile()),
    ...u16(start),
    name.length,
    0,
  ];
  const flexible = request.flexible === undefined ? "" : `, flexible from ${request.flexible.from}`;
  return `  ${bytes.join(", ")}, // ${name} 0-${request.last}${flexible}`;
}

/** The text of the generated file. */
export function generate(folder) {
  const apis = readMessages(folder);
  const table = new Table();
  const names = { text: "" };
  const requestHeader = table.add([
    row("STRING16", ALWAYS, "ClientId"),
    row("END", ALWAYS, "RequestHeader"),
  ]);
  const responseHeader = table.add([row("END", ALWAYS, "ResponseHeader")]);
  const lines = apis.map(([key, api], index) => {
    if (key !== index) throw new Error(`no definition of the API ${index}`);
    return apiLine(api, table, names);
  });
  return `/**
 * Generated by scripts/generate-kafka.mjs from the message definitions of Apache Kafka (Apache-2.0);
 * not to be edited. Layout and meaning: schema.ts.
 */

export const API_COUNT: u32 = ${apis.length};
export const REQUEST_HEADER_ROW: u32 = ${requestHeader};
export const RESPONSE_HEADER_ROW: u32 = ${responseHeader};

/** Names of the APIs, without a space between them. */
export const API_NAMES: string = "${names.text}";

/** ${API_BYTES} bytes for each API: first flexible version, last version, u16 first row of the request, of the
 *  response, u16 place and u8 length of the name, 0. The comment: name and versions. */
// prettier-ignore
export const APIS: usize = memory.data<u8>([
${lines.join("\n")}
]);

/** ${ROW_BYTES} bytes for each row: kind, first and last version, u16 argument, extra. */
// prettier-ignore
export const ROWS: usize = memory.data<u8>([
${table.rows.map(rowLine).join("\n")}
]);
`;
}

function main([folder, flag]) {
  if (folder === undefined) {
    console.error("generate-kafka: name the folder of the message definitions");
    return 2;
  }
  const text = generate(resolve(folder));
  if (flag !== "--check") {
    writeFileSync(TARGET, text);
    return 0;
  }
  if (readFileSync(TARGET, "utf8") === text) return 0;
  console.error("generate-kafka: assembly/kafka/schema.gen.ts is not what the definitions give");
  return 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
