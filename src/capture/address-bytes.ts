/** Addresses as text to bytes in network byte order: RFC 4291 section 2.2, all three forms. */

import { isIP } from "node:net";

/**
 * The 4 bytes of an IPv4 address, also when written as IPv4-mapped IPv6, or the 16 of another
 * IPv6 one; undefined when `text` is neither. A zone index (`%eth0`) is refused: it names an
 * interface of one host, which bytes cannot carry.
 */
export function addressBytes(text: string): number[] | undefined {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 0) {
    return undefined;
  }
  const bytes = version === 4 ? dottedBytes(text) : ipv6Bytes(text);
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

function isMapped(bytes: readonly number[]): boolean {
  return (
    bytes.length === 16 &&
    bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff
  );
}

function dottedBytes(text: string): number[] {
  return text.split(".").map(Number);
}

function ipv6Bytes(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const before = groupBytes(head);
  if (tail === undefined) {
    return before;
  }
  const after = groupBytes(tail);
  const zeros = new Array<number>(16 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

/** `2001:db8` or `ffff:192.0.2.1` as bytes. */
function groupBytes(groups: string): number[] {
  if (groups === "") {
    return [];
  }
  return groups.split(":").flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return group.includes(".") ? dottedBytes(group) : [value >> 8, value & 0xff];
  });
}
