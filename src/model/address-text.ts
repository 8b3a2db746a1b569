/**
 * Text of 16-byte address fields, network byte order: IPv4 in dotted form, IPv6 in the one
 * canonical form of RFC 5952 sections 4 and 5.
 */

/** The first four bytes at `at`, as `192.0.2.1`. */
export function formatIpv4(view: DataView, at: number): string {
  return `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`;
}

/** The 16 bytes at `at`, as `2001:db8::1`; an IPv4-mapped one as `::ffff:192.0.2.1`. */
export function formatIpv6(view: DataView, at: number): string {
  const groups: number[] = [];
  for (let index = 0; index < 8; index++) {
    groups.push(view.getUint16(at + 2 * index));
  }
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4(view, at + 12)}`;
  }
  const { start, end } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (end - start < 2) {
    return hex.join(":");
  }
  return `${hex.slice(0, start).join(":")}::${hex.slice(end).join(":")}`;
}

/** The leftmost of the longest runs of zero groups (RFC 5952 section 4.2.3); `end` exclusive. */
function longestZeroRun(groups: readonly number[]): { start: number; end: number } {
  let best = { start: 0, end: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) {
      continue;
    }
    if (index - start > best.end - best.start) {
      best = { start, end: index };
    }
    start = index + 1;
  }
  return best;
}
