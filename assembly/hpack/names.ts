/**
 * The fields a call needs; of all others the decoder keeps sizes only. A literal name is compared
 * as it is on the wire, raw or in its Huffman code, so that names are never decoded.
 */
import { encodeHuffman } from "./huffman";
import { WANTED_NAMES } from "./places";

export const FIELD_OTHER: u32 = 0;
export const FIELD_METHOD: u32 = 1;
export const FIELD_PATH: u32 = 2;
export const FIELD_STATUS: u32 = 3;
export const FIELD_CONTENT_TYPE: u32 = 4;
export const FIELD_GRPC_STATUS: u32 = 5;
export const FIELD_TRACEPARENT: u32 = 6;
/** The name is an entry of the table that was not seen. */
export const FIELD_UNKNOWN: u32 = 7;

/** In the order of their numbers; one literal. */
const NAMES: string = `:method :path :status content-type grpc-status traceparent
`;
const COUNT: u32 = 6;
/** { u8 length, u8 length of the code, 16 the name, 32 the code } */
const STRIDE: usize = 48;
const NAME: usize = 16;
const CODE: usize = 32;

export function buildNames(): void {
  let entry = WANTED_NAMES;
  let length: u32 = 0;
  for (let at = 0; at < NAMES.length; at++) {
    const char = NAMES.charCodeAt(at);
    if (char > 0x20) {
      store<u8>(entry + NAME + length++, <u8>char);
      continue;
    }
    store<u8>(entry, <u8>length);
    store<u8>(entry, <u8>encodeHuffman(entry + NAME, length, entry + CODE), 1);
    length = 0;
    entry += STRIDE;
  }
}

/** FIELD_* of the name of `length` bytes at `p`, Huffman code or not. */
export function fieldOfName(p: usize, length: u32, isHuffman: bool): u32 {
  const place: usize = isHuffman ? 1 : 0;
  const text: usize = isHuffman ? CODE : NAME;
  for (let index: u32 = 0; index < COUNT; index++) {
    const entry = WANTED_NAMES + <usize>index * STRIDE;
    if (<u32>load<u8>(entry + place) != length) continue;
    if (memory.compare(entry + text, p, length) == 0) return index + 1;
  }
  return FIELD_OTHER;
}

/** Length of the name of a wanted field. */
@inline
export function nameLengthOf(field: u32): u32 {
  return load<u8>(WANTED_NAMES + <usize>(field - 1) * STRIDE);
}
