/** DNS messages as bytes, for tests; whatever the grammar forbids can be built too. */

import type { ParserOptions } from "../../src/wasm/parsers.ts";
import {
  endsOf,
  newParsers,
  type Step,
  type Streamed,
  type StreamOptions,
  stream,
} from "./harness.ts";

export interface Question {
  /** Dotted, or its bytes on the wire, whatever they are. */
  readonly name: string | Uint8Array;
  readonly type?: number;
  readonly group?: number;
}

export interface DnsRecord extends Question {
  readonly ttl?: number;
  readonly data?: string | Uint8Array;
}

export interface Message {
  readonly id?: number;
  readonly isResponse?: boolean;
  readonly opcode?: number;
  readonly rcode?: number;
  /** AA 0x400, TC 0x200, RD 0x100, RA 0x80. */
  readonly flags?: number;
  readonly questions?: readonly Question[];
  readonly answers?: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
}

export const TYPE = { A: 1, SOA: 6, TXT: 16, AAAA: 28, OPT: 41, AXFR: 252 } as const;

/** Labels with their length bytes and the root. */
export function nameBytes(name: string | Uint8Array): Uint8Array {
  if (typeof name !== "string") return name;
  const labels = name === "" ? [] : name.split(".").map((label) => Buffer.from(label, "latin1"));
  const parts = labels.flatMap((label) => [Buffer.of(label.length), label]);
  return Buffer.concat([...parts, Buffer.of(0)]);
}

const u16 = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.of((value >> 8) & 0xff, value & 0xff)));

const question = ({ name, type = TYPE.A, group = 1 }: Question): Buffer =>
  Buffer.concat([nameBytes(name), u16(type, group)]);

function record({ ttl = 60, data = "", ...rest }: DnsRecord): Buffer {
  const bytes = Buffer.from(data as string, "latin1");
  return Buffer.concat([question(rest), u16(ttl >>> 16, ttl & 0xffff, bytes.length), bytes]);
}

export function message(parts: Message): Buffer {
  const {
    questions = [{ name: "example.org" }],
    answers = [],
    authority = [],
    additional = [],
  } = parts;
  const { id = 7, isResponse = false, opcode = 0, rcode = 0, flags = 0x100 } = parts;
  const bits = (isResponse ? 0x8000 : 0) | (opcode << 11) | flags | rcode;
  return Buffer.concat([
    u16(id, bits, questions.length, answers.length, authority.length, additional.length),
    ...questions.map(question),
    ...[...answers, ...authority, ...additional].map(record),
  ]);
}

export const query = (name: string, parts: Message = {}): Buffer =>
  message({ questions: [{ name }], ...parts });

export const answer = (name: string, parts: Message = {}): Buffer =>
  message({
    questions: [{ name }],
    isResponse: true,
    flags: 0x180,
    answers: [{ name, data: "\x0a\x00\x00\x01" }],
    ...parts,
  });

/** The OPT record (RFC 6891) with the high bits of a response code. */
export const opt = (rcodeHigh = 0, options = ""): DnsRecord => ({
  name: "",
  type: TYPE.OPT,
  group: 1232,
  ttl: rcodeHigh * 0x100_0000,
  data: options,
});

/** As TCP carries them. */
export const framed = (...messages: readonly Uint8Array[]): Buffer =>
  Buffer.concat(messages.flatMap((bytes) => [u16(bytes.length), bytes]));

/** Runs the steps as one connection to the port of DNS, or another. */
export const over = (
  transport: "tcp" | "udp",
  steps: readonly Step[],
  options: StreamOptions & { parsers?: ParserOptions; port?: number } = {},
): Streamed =>
  stream(newParsers(options.parsers), steps, {
    ends: endsOf(options.port ?? 53, 0, transport),
    ...options,
  });
