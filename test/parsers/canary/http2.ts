/**
 * HTTP/2 and gRPC with secrets in every header that is not listed, literal, indexed, never indexed
 * and Huffman coded, in query strings, DATA, padding, PING, GOAWAY, unknown frames, pushed
 * requests, gRPC messages, `grpc-message` and trailers.
 */

import { type Field, HpackEncoder } from "./hpack-encoder.ts";
import type { Random } from "./random.ts";
import { type Turn, turn } from "./script.ts";
import { secret } from "./secret.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 0x20;

const DYING = [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "user-agent",
  "location",
  "trace-bin",
];

function frame(
  type: number,
  flags: number,
  stream: number,
  ...parts: (string | Uint8Array)[]
): Buffer {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1")));
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** One side: its header compression and the ways it makes frames. */
class Sender {
  readonly #random: Random;
  readonly #encoder: HpackEncoder;
  /** Dying fields that were sent: to be sent again, by their index. */
  readonly #sent: Field[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#encoder = new HpackEncoder(random);
  }

  fields(): Field[] {
    return this.#random.many(0, 4, () => {
      if (this.#sent.length > 0 && this.#random.once(2)) return this.#random.pick(this.#sent);
      const field: Field = [this.#random.pick(DYING), secret(this.#random, 6, 60)];
      this.#sent.push(field);
      return field;
    });
  }

  /** HEADERS, or PUSH_PROMISE, in one frame or with CONTINUATION. */
  headers(stream: number, flags: number, fields: readonly Field[], promised = 0): Buffer {
    const random = this.#random;
    const block = this.#encoder.block(fields);
    const cut = random.once(4) ? random.between(0, block.length) : block.length;
    const isWhole = cut === block.length;
    const id = Buffer.alloc(promised === 0 ? 0 : 4);
    if (promised !== 0) id.writeUInt32BE(promised);
    const hasPriority = promised === 0 && random.once(5);
    const priority = hasPriority ? Buffer.of(0, 0, 0, 0, 16) : "";
    const all = flags | (isWhole ? END_HEADERS : 0) | (hasPriority ? PRIORITY : 0);
    const type = promised === 0 ? TYPE.headers : TYPE.push;
    const first = this.#padded(type, all, stream, [id, priority, block.subarray(0, cut)]);
    if (isWhole) return first;
    const rest = frame(TYPE.continuation, END_HEADERS, stream, block.subarray(cut));
    return Buffer.concat([first, rest]);
  }

  data(stream: number, flags: number, content: string | Uint8Array): Buffer {
    return this.#padded(TYPE.data, flags, stream, [content]);
  }

  #padded(type: number, flags: number, stream: number, parts: (string | Uint8Array)[]): Buffer {
    if (!this.#random.once(4)) return frame(type, flags, stream, ...parts);
    const padding = secret(this.#random, 6, 40);
    return frame(type, flags | PADDED, stream, Buffer.of(padding.length), ...parts, padding);
  }
}

/** Frames that belong to no call. */
function noise(random: Random): Buffer[] {
  const shapes = [
    () => frame(TYPE.ping, random.pick([0, 1]), 0, secret(random, 8, 8)),
    () => frame(0xbe, random.between(0, 255), 0, secret(random, 6, 100)),
    () => frame(TYPE.window, 0, 0, Buffer.of(0, 0, 1, 0)),
    () => frame(TYPE.priority, 0, 1, Buffer.of(0, 0, 0, 0, 3)),
  ];
  return random.many(0, 2, () => random.pick(shapes)());
}

function grpcMessages(random: Random): Buffer {
  const messages = random.many(1, 3, () => {
    const text = secret(random, 6, 100);
    return Buffer.concat([Buffer.of(0, 0, 0, 0, text.length), Buffer.from(text)]);
  });
  return Buffer.concat(messages);
}

function request(random: Random, client: Sender, stream: number, isGrpc: boolean): Buffer {
  const path = isGrpc
    ? "/shop.Cart/Add"
    : random.pick(["/", "/a/b", `/a?k=${secret(random)}`, `/;p=${secret(random)}`]);
  const isGet = !isGrpc && random.once(2);
  const fields: Field[] = [
    [":method", isGet ? "GET" : "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", random.pick(["example.org", `user:${secret(random)}@example.org`])],
    ...(isGrpc ? [["content-type", "application/grpc"] as const] : []),
    ...client.fields(),
  ];
  const head = client.headers(stream, isGet ? END_STREAM : 0, fields);
  if (isGet) return head;
  const content = isGrpc ? grpcMessages(random) : secret(random, 6, 400);
  return Buffer.concat([head, client.data(stream, END_STREAM, content)]);
}

function response(random: Random, server: Sender, stream: number, isGrpc: boolean): Buffer {
  if (random.once(12)) return frame(TYPE.reset, 0, stream, Buffer.of(0, 0, 0, 8));
  const status: Field = [":status", random.pick(["200", "404", "503"])];
  if (!isGrpc) {
    const head = server.headers(stream, 0, [
      status,
      ["content-type", `text/html; b=${secret(random)}`],
      ...server.fields(),
    ]);
    return Buffer.concat([head, server.data(stream, END_STREAM, secret(random, 6, 400))]);
  }
  const head = server.headers(stream, 0, [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ...server.fields(),
  ]);
  const trailers: Field[] = [
    ["grpc-status", "13"],
    ["grpc-message", secret(random)],
    ...server.fields(),
  ];
  return Buffer.concat([
    head,
    server.data(stream, 0, grpcMessages(random)),
    server.headers(stream, END_STREAM, trailers),
  ]);
}

function broken(random: Random): Buffer {
  const shapes = [
    () => frame(TYPE.continuation, END_HEADERS, 1, secret(random)),
    () => frame(TYPE.headers, END_HEADERS, 0, secret(random)),
    () => frame(TYPE.data, PADDED, 1, Buffer.of(255), secret(random)),
    () =>
      frame(
        TYPE.headers,
        END_HEADERS,
        101,
        Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff),
        secret(random),
      ),
  ];
  return Buffer.concat([random.pick(shapes)(), Buffer.from(secret(random, 6, 200))]);
}

export function http2Turns(random: Random): Turn[] {
  const client = new Sender(random);
  const server = new Sender(random);
  const settings = frame(TYPE.settings, 0, 0);
  const turns: Turn[] = [turn("client", PREFACE, settings), turn("server", settings)];
  const streams = random
    .many(1, 5, () => random.once(2))
    .map((isGrpc, at) => ({ isGrpc, id: 2 * at + 1 }));
  const isPipelined = random.once(3);
  const requests = streams.map(({ id, isGrpc }) =>
    turn("client", request(random, client, id, isGrpc), ...noise(random)),
  );
  const responses = streams.map(({ id, isGrpc }) => {
    const push = random.once(8)
      ? server.headers(
          id,
          0,
          [[":method", "GET"], [":path", `/p?${secret(random)}`], ...server.fields()],
          2 * id,
        )
      : "";
    return turn("server", push, response(random, server, id, isGrpc), ...noise(random));
  });
  if (isPipelined) turns.push(...requests, ...responses);
  else for (const at of streams.keys()) turns.push(requests[at] as Turn, responses[at] as Turn);
  const debug = secret(random, 6, 80);
  if (random.once(4)) turns.push(turn("server", frame(TYPE.goaway, 0, 0, Buffer.alloc(8), debug)));
  if (random.once(6)) turns.push(turn(random.pick(["client", "server"]), broken(random)));
  return turns;
}
