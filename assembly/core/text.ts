/**
 * Texts of pending calls, in rings of blocks: 252 bytes behind the link of each. A text is known by
 * a reference, 8 bytes: { u32 last block, u32 length }; behind the last block comes the first.
 */
import { RESOURCE_BYTES_MAX } from "./limits";
import { BLOCK_SIZE } from "./memory";
import { allocate, at, next, releaseChain, setNext } from "./pool";

const PIECE: u32 = <u32>BLOCK_SIZE - 4;

@inline
export function textLength(reference: usize): u32 {
  return load<u32>(reference, 4);
}

/** Append [p, p + size). False when it was cut: RESOURCE_BYTES_MAX, or no block left. */
export function append(conn: usize, reference: usize, p: usize, size: u32): bool {
  const length = load<u32>(reference, 4);
  const wanted = min(size, RESOURCE_BYTES_MAX - length);
  let left = wanted;
  let block = load<u32>(reference);
  let offset = length == 0 ? PIECE : ((length - 1) % PIECE) + 1;
  while (left > 0) {
    if (offset == PIECE) {
      const following = addBlock(conn, block);
      if (following == 0) break;
      block = following;
      offset = 0;
    }
    const part = min(left, PIECE - offset);
    memory.copy(at(block) + 4 + offset, p, part);
    p += part;
    left -= part;
    offset += part;
  }
  store<u32>(reference, block);
  store<u32>(reference, length + (wanted - left), 4);
  return left == 0 && wanted == size;
}

/** A block behind the last one, which it takes the place of; 0 when there is none. */
function addBlock(conn: usize, last: u32): u32 {
  const block = allocate(conn);
  if (block == 0) return 0;
  setNext(block, last == 0 ? block : next(last));
  if (last != 0) setNext(last, block);
  return block;
}

/** Copy the text to `out`, which has room for RESOURCE_BYTES_MAX; returns its length. */
export function copyOut(reference: usize, out: usize): u32 {
  const length = load<u32>(reference, 4);
  let block = load<u32>(reference);
  for (let copied: u32 = 0; copied < length; copied += PIECE) {
    block = next(block);
    memory.copy(out + copied, at(block) + 4, min(length - copied, PIECE));
  }
  return length;
}

/** Zero the text and the reference. */
export function releaseText(conn: usize, reference: usize): void {
  const last = load<u32>(reference);
  if (last != 0) {
    const first = next(last);
    setNext(last, 0);
    releaseChain(conn, first);
  }
  store<u64>(reference, 0);
}
