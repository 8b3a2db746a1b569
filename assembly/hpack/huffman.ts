/**
 * The Huffman code, RFC 7541 5.2 and Appendix B. The code is canonical: shorter codes first, codes
 * of one length in the order of their symbols; so the lengths are all there is to know.
 *
 * Decoding looks 12 bits up, which tells one or two symbols; the few codes of 13 to 30 bits are
 * found by their length. At most 18 steps for each symbol of 13 bits or more.
 */
import { HUFFMAN_CODES, HUFFMAN_LENGTHS, HUFFMAN_PAIRS, HUFFMAN_SYMBOLS } from "./places";

/** Length of the code of each symbol 0..255 and of EOS, as the letter 0x30 + length. */
const CODE_LENGTHS: string = `=GLLLLLLLHNLLNLLLLLLLLNLLLLLLLLL6::<=68;::8;8666555666666678?6<:
=67777777777777777777777878=C=>6?56565666577666567655677777?;>=L
DFDDFFFGFGGGGGHGHHFGHGGGGEFGFGGHFEDFFGGEGFFHEFGGEEFEGFGGDFFFGFFG
JJDCFGFIJJJKKJHICEJKKJKHEEJJLKKKDHDEFEEGFFIIHHJGJKJJKKKKKLKKKKKJN`;

const EOS: u32 = 256;
const SHORT_MAX: u32 = 12;
const LENGTH_MAX: u32 = 30;

/** Lay the tables out, once. */
export function buildHuffman(): void {
  readLengths();
  let code: u32 = 0;
  let index: u32 = 0;
  for (let length: u32 = 1; length <= LENGTH_MAX; length++) {
    code <<= 1;
    const place = HUFFMAN_LENGTHS + <usize>length * 16;
    store<u32>(place, code, 8);
    store<u32>(place, index, 12);
    for (let symbol: u32 = 0; symbol <= EOS; symbol++) {
      const entry = codeOf(symbol);
      if (load<u32>(entry, 4) != length) continue;
      store<u32>(entry, code++);
      store<u16>(HUFFMAN_SYMBOLS + <usize>index * 2, <u16>symbol);
      index++;
    }
    store<u64>(place, <u64>code << (32 - length));
  }
  for (let bits: u32 = 0; bits < 4096; bits++) {
    store<u32>(HUFFMAN_PAIRS + <usize>bits * 4, pairOf(bits << 20));
  }
}

function readLengths(): void {
  let symbol: u32 = 0;
  for (let at = 0; at < CODE_LENGTHS.length; at++) {
    const char = CODE_LENGTHS.charCodeAt(at);
    if (char < 0x30) continue;
    store<u32>(codeOf(symbol), char - 0x30, 4);
    symbol++;
  }
}

@inline
function codeOf(symbol: u32): usize {
  return HUFFMAN_CODES + <usize>symbol * 8;
}

/** Bytes: first symbol, second symbol, bits of the first, bits of all; 0: a longer code. */
function pairOf(bits: u32): u32 {
  const first = symbolOf(bits, 1, SHORT_MAX);
  if (first == 0) return 0;
  const used = first >> 16;
  const one = (first & 0xff) | (used << 16);
  const second = symbolOf(bits << used, 1, SHORT_MAX - used);
  if (second == 0) return one | (used << 24);
  return one | ((second & 0xff) << 8) | ((used + (second >> 16)) << 24);
}

/** The symbol that left-aligned bits begin with, and 65536 * its length; 0: none so long. */
function symbolOf(bits: u32, from: u32, to: u32): u32 {
  for (let length = from; length <= to; length++) {
    const place = HUFFMAN_LENGTHS + <usize>length * 16;
    if (<u64>bits >= load<u64>(place)) continue;
    const index = (bits >> (32 - length)) - load<u32>(place, 8) + load<u32>(place, 12);
    return (length << 16) | load<u16>(HUFFMAN_SYMBOLS + <usize>index * 2);
  }
  return 0;
}

/**
 * Decodes [p, end) to `out`, which has room for 8/5 of it and one byte more. Returns the length of
 * the text, -1 when it is no Huffman code (EOS within, or a padding that is not all ones).
 */
export function decodeHuffman(p: usize, end: usize, out: usize): i32 {
  return run(p, end, out, true);
}

/** Length of the text that [p, end) stands for, or -1 as above. Writes nothing. */
export function huffmanLength(p: usize, end: usize): i32 {
  return run(p, end, 0, false);
}

@inline
function run(p: usize, end: usize, out: usize, write: bool): i32 {
  const begin = out;
  let bits: u64 = 0;
  let have: u32 = 0;
  while (true) {
    if (have < 32) {
      if (p + 4 <= end) {
        bits |= <u64>bswap<u32>(load<u32>(p)) << (32 - have);
        p += 4;
        have += 32;
      } else {
        for (; p < end; p++, have += 8) bits |= <u64>load<u8>(p) << (56 - have);
      }
    }
    const pair = load<u32>(HUFFMAN_PAIRS + (<usize>(bits >> 52) << 2));
    let used = pair >> 24;
    if (used != 0 && used <= have) {
      if (write) store<u16>(out, <u16>pair);
      out += used == ((pair >> 16) & 0xff) ? 1 : 2;
    } else {
      // A long code, one symbol before the end, or the padding.
      const isLong = used == 0;
      const last = isLong
        ? symbolOf(<u32>(bits >> 32), SHORT_MAX + 1, LENGTH_MAX)
        : pair & 0xff00ff;
      used = (last >> 16) & 0xff;
      if (used > have) break;
      if ((last & 0xffff) == EOS) return -1;
      if (write) store<u8>(out, <u8>last);
      out++;
    }
    bits <<= used;
    have -= used;
  }
  // What is left is shorter than a byte and the beginning of EOS: ones.
  if (have >= 8 || (have > 0 && <u32>(bits >> (64 - <u64>have)) != (1 << have) - 1)) return -1;
  return <i32>(out - begin);
}

/** Code of the text of `length` bytes at `p` (names, when tables are built); returns its length. */
export function encodeHuffman(p: usize, length: u32, out: usize): u32 {
  let bits: u64 = 0;
  let have: u32 = 0;
  let size: u32 = 0;
  for (const end = p + length; p < end; p++) {
    const entry = codeOf(load<u8>(p));
    bits = (bits << load<u32>(entry, 4)) | load<u32>(entry);
    have += load<u32>(entry, 4);
    for (; have >= 8; have -= 8) store<u8>(out + size++, <u8>(bits >> (have - 8)));
  }
  if (have > 0) store<u8>(out + size++, <u8>((bits << (8 - have)) | (0xff >> have)));
  return size;
}
