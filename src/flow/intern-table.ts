/**
 * A bounded cache from a 16-byte field of a record to its text, so that a repeated peer or
 * command name costs neither string building nor garbage.
 *
 * Direct-mapped: each key has one slot, and a newer key takes it over. A lost entry costs one
 * more decode and nothing else, so there is no eviction order to keep and nothing to count.
 */

const WORDS_PER_KEY = 5;

export class InternTable {
  readonly #mask: number;
  readonly #decode: (view: DataView, at: number, tag: number) => string;
  readonly #keys: Uint32Array;
  readonly #texts: string[];

  /** `slots` is a power of two. */
  constructor(slots: number, decode: (view: DataView, at: number, tag: number) => string) {
    this.#mask = slots - 1;
    this.#decode = decode;
    this.#keys = new Uint32Array(slots * WORDS_PER_KEY);
    this.#texts = new Array<string>(slots).fill("");
  }

  /**
   * The text of the field at `at`. Two fields share a text when their first `words` 32-bit
   * words and their `tag` (1..2^32-1, such as the address family) are equal.
   */
  text(view: DataView, at: number, words: 1 | 4, tag: number): string {
    const a = view.getUint32(at, true);
    const b = words === 4 ? view.getUint32(at + 4, true) : 0;
    const c = words === 4 ? view.getUint32(at + 8, true) : 0;
    const d = words === 4 ? view.getUint32(at + 12, true) : 0;
    const slot = mix(a, b, c, d) & this.#mask;
    const keys = this.#keys;
    const key = slot * WORDS_PER_KEY;
    if (
      keys[key] !== a ||
      keys[key + 1] !== b ||
      keys[key + 2] !== c ||
      keys[key + 3] !== d ||
      keys[key + 4] !== tag
    ) {
      keys[key] = a;
      keys[key + 1] = b;
      keys[key + 2] = c;
      keys[key + 3] = d;
      keys[key + 4] = tag;
      this.#texts[slot] = this.#decode(view, at, tag);
    }
    return this.#texts[slot] as string;
  }
}

/** Any spread will do: multiply, then fold the high bits into the low ones the mask keeps. */
function mix(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(c, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13), 0x165667b1) ^ d;
  hash = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
  return hash ^ (hash >>> 16);
}
