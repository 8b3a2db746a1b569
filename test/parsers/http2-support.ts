/** HTTP/2 as tests write it: frames, header blocks, whole sessions. */

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  promise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export type Bytes = Uint8Array | string;

const bytesOf = (content: Bytes): Buffer =>
  typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content);

export const join = (...parts: Bytes[]): Buffer => Buffer.concat(parts.map(bytesOf));

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export function frame(type: number, flags: number, stream: number, payload: Bytes = ""): Buffer {
  const body = bytesOf(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export const settings = (payload: Bytes = ""): Buffer => frame(TYPE.settings, 0, 0, payload);

/** A whole header block in one HEADERS frame. */
export const headers = (stream: number, block: Bytes, flags = 0): Buffer =>
  frame(TYPE.headers, FLAG.endHeaders | flags, stream, block);

export const data = (stream: number, content: Bytes, flags = 0): Buffer =>
  frame(TYPE.data, flags, stream, content);

export const reset = (stream: number, code: number): Buffer =>
  frame(TYPE.reset, 0, stream, u32(code));

/** An integer with a prefix of so many bits, RFC 7541 5.1. */
function integer(value: number, bits: number, first: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) return Buffer.of(first | value);
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const text = (content: Bytes): Buffer => join(integer(bytesOf(content).length, 7, 0), content);

/** An entry by its index; 62 is the newest of the dynamic table. */
export const indexed = (index: number): Buffer => integer(index, 7, 0x80);

/** A literal that is inserted; its name is text, or an index. */
export const inserted = (name: Bytes | number, value: Bytes): Buffer =>
  typeof name === "number"
    ? join(integer(name, 6, 0x40), text(value))
    : join(Buffer.of(0x40), text(name), text(value));

/** A literal that is not inserted. */
export const literal = (name: Bytes | number, value: Bytes): Buffer =>
  typeof name === "number"
    ? join(integer(name, 4, 0), text(value))
    : join(Buffer.of(0), text(name), text(value));

export const tableSize = (bytes: number): Buffer => integer(bytes, 5, 0x20);

/** Indices of the static table. */
export const GET = indexed(2);
export const POST = indexed(3);
export const HTTPS = indexed(7);
export const OK = indexed(8);
export const PATH = 4;
export const STATUS = 8;
export const CONTENT_TYPE = 31;

/** The block of a request for a path. */
export const request = (path: Bytes, ...fields: Buffer[]): Buffer =>
  join(GET, HTTPS, literal(PATH, path), literal("authorization", "Bearer s3cret"), ...fields);

/** What a connection begins with. */
export const clientBegins = join(PREFACE, settings());
export const serverBegins = settings();

/** Numbers from 0 to below `limit`, the same for the same seed. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
}
