/** Ports whose protocol the operator knows (`--decode-as`); all others are told by their bytes. */
import { TABLES } from "./memory";

/** One byte for each port. */
const HINTS: usize = TABLES;
export const HINTS_SIZE: usize = 0x10000;

/** `protocol`: PROTO_*, 0 to take the hint back. False when the port is none. */
export function setHint(port: u32, protocol: u8): bool {
  if (port > 0xffff) return false;
  store<u8>(HINTS + <usize>port, protocol);
  return true;
}

/** The hint for a connection between the two ports, 0 when there is none. */
export function hintOf(one: u32, other: u32): u8 {
  const hint = load<u8>(HINTS + <usize>(one & 0xffff));
  return hint != 0 ? hint : load<u8>(HINTS + <usize>(other & 0xffff));
}
