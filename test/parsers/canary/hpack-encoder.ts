/** An HPACK encoder (RFC 7541) that uses every representation, by chance. */

import type { Random } from "./random.ts";
import { huffmanCoded } from "./secret.ts";

export type Field = readonly [name: string, value: string];

/** Of the static table (Appendix A) what is used here. */
const STATIC_FIELDS = new Map([
  [":method GET", 2],
  [":method POST", 3],
  [":path /", 4],
  [":scheme http", 6],
  [":status 200", 8],
  [":status 404", 13],
]);
const STATIC_NAMES = new Map([
  [":authority", 1],
  [":method", 2],
  [":path", 4],
  [":scheme", 6],
  [":status", 8],
  ["authorization", 23],
  ["content-length", 28],
  ["content-type", 31],
  ["cookie", 32],
  ["location", 46],
  ["set-cookie", 55],
  ["user-agent", 58],
]);
const STATIC_LENGTH = 61;
const ENTRY_OVERHEAD = 32;

export class HpackEncoder {
  readonly #random: Random;
  /** Newest first. */
  readonly #table: Field[] = [];
  #capacity = 4096;

  constructor(random: Random) {
    this.#random = random;
  }

  block(fields: readonly Field[]): Buffer {
    const parts = this.#random.once(12) ? [this.#resize()] : [];
    return Buffer.concat([...parts, ...fields.map((field) => this.#field(field))]);
  }

  #resize(): Buffer {
    this.#capacity = this.#random.pick([0, 100, 4096]);
    this.#evict();
    return integer(this.#capacity, 5, 0x20);
  }

  #field([name, value]: Field): Buffer {
    const known =
      STATIC_FIELDS.get(`${name} ${value}`) ??
      this.#indexOf((one) => one[0] === name && one[1] === value);
    if (known !== undefined && !this.#random.once(4)) return integer(known, 7, 0x80);
    const [bits, first] = this.#random.pick([
      [6, 0x40],
      [6, 0x40],
      [4, 0x00],
      [4, 0x10],
    ] as const);
    const index = STATIC_NAMES.get(name) ?? this.#indexOf((one) => one[0] === name);
    const head =
      index === undefined || this.#random.once(6)
        ? Buffer.concat([Buffer.of(first), text(name, false)])
        : integer(index, bits, first);
    if (first === 0x40) {
      this.#table.unshift([name, value]);
      this.#evict();
    }
    return Buffer.concat([head, text(value, this.#random.once(2))]);
  }

  #indexOf(isIt: (field: Field) => boolean): number | undefined {
    const at = this.#table.findIndex(isIt);
    return at === -1 ? undefined : STATIC_LENGTH + 1 + at;
  }

  #evict(): void {
    const size = () =>
      this.#table.reduce(
        (sum, [name, value]) => sum + name.length + value.length + ENTRY_OVERHEAD,
        0,
      );
    while (size() > this.#capacity) this.#table.pop();
  }
}

function text(value: string, isCoded: boolean): Buffer {
  const coded = isCoded ? huffmanCoded(value) : undefined;
  const bytes = coded ?? Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length, 7, coded === undefined ? 0 : 0x80), bytes]);
}

/** RFC 7541 5.1. */
function integer(value: number, bits: number, first: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(first | value);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
