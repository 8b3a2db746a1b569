/**
 * Secrets are of letters that nothing else has six of in a row, so that one pass over a memory
 * finds any six bytes of any secret of any stream; Huffman coded (RFC 7541) too, where they are of
 * the two letters whose codes fill a byte.
 */

import type { Random } from "./random.ts";

const LETTERS = "JKQVWXZ";
const HUFFMAN_LETTERS = "XZ";
const HUFFMAN_CODES = [0xfc, 0xfd];

/** Bytes of a secret that may not be found together. */
export const RUN = 6;

/** In lower case too, but for one letter that topics of the other tests are made of. */
const ALL_LETTERS = `${LETTERS}jkqvwz`;

/** The class of each byte: 1 a letter of secrets, 2 one Huffman coded, 0 none. */
const CLASSES = new Uint8Array(256);
for (const letter of ALL_LETTERS) CLASSES[letter.charCodeAt(0)] = 1;
for (const code of HUFFMAN_CODES) CLASSES[code] = 2;

export function secret(random: Random, min = RUN, max = 30): string {
  const letters = random.once(3) ? HUFFMAN_LETTERS : LETTERS;
  return random.many(min, max, () => random.pick([...letters])).join("");
}

/** The text Huffman coded, when it is a secret of the letters that allow it. */
export function huffmanCoded(text: string): Buffer | undefined {
  if (!/^[XZ]+$/.test(text)) return undefined;
  return Buffer.from([...text].map((letter) => (letter === "X" ? 0xfc : 0xfd)));
}

/** Where six bytes of a secret begin; -1: nowhere. */
export function findSecret(bytes: Uint8Array): number {
  for (let at = RUN - 1; at < bytes.length; at += RUN) {
    const kind = CLASSES[bytes[at] as number];
    if (kind === 0) continue;
    let begin = at;
    while (begin > 0 && CLASSES[bytes[begin - 1] as number] === kind) begin--;
    let end = at + 1;
    while (end < bytes.length && CLASSES[bytes[end] as number] === kind) end++;
    if (end - begin >= RUN) return begin;
  }
  return -1;
}
