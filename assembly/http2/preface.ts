/** The client connection preface, RFC 9113 3.4. */
const PREFACE: string = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
export const PREFACE_BYTES: u32 = 24;

/** How many of the bytes [p, end) are those of the preface from its byte `from` on. */
export function prefaceBytes(p: usize, end: usize, from: u32): u32 {
  let same: u32 = 0;
  const most = min(PREFACE_BYTES - from, <u32>(end - p));
  while (same < most && load<u8>(p + same) == byteAt(from + same)) same++;
  return same;
}

@inline
function byteAt(index: u32): u8 {
  return load<u8>(changetype<usize>(PREFACE) + (<usize>index << 1));
}
