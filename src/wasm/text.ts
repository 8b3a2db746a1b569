/**
 * Bytes of other people's streams as text that is safe to show: UTF-8 where it is that, every
 * other byte as `\xNN`, and so are characters that are not seen or move what is (controls,
 * format and separator characters). Backslashes stand for themselves.
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/** The text of `bytes[at, at + length)`. */
export function visibleText(bytes: Uint8Array, at: number, length: number): string {
  const end = at + length;
  let text = "";
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x20 && byte < 0x7f) {
      text += String.fromCharCode(byte);
      at += 1;
      continue;
    }
    const size = sequenceLength(bytes, at, end);
    const char = size > 1 ? String.fromCodePoint(codePoint(bytes, at, size)) : "";
    text += char === "" || UNSEEN.test(char) ? escaped(bytes, at, at + size) : char;
    at += size;
  }
  return text;
}

/** The bytes as lower-case hex digits. */
export function hexText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629 section 4); 1 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  const size = lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > end) return 1;
  for (let index = 1; index < size; index++) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 1;
  }
  const second = bytes[at + 1] ?? 0;
  const isOverlong = (lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90);
  const isBeyond = (lead === 0xed && second > 0x9f) || (lead === 0xf4 && second > 0x8f);
  return isOverlong || isBeyond ? 1 : size;
}

function codePoint(bytes: Uint8Array, at: number, size: number): number {
  let value = (bytes[at] ?? 0) & (0xff >> (size + 1));
  for (let index = 1; index < size; index++) {
    value = (value << 6) | ((bytes[at + index] ?? 0) & 0x3f);
  }
  return value;
}

function escaped(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (; at < end; at++) text += `\\x${hexText(bytes.subarray(at, at + 1))}`;
  return text;
}
