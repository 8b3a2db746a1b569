/**
 * How connections begin: by a SYN, which tells the client, or in the middle. A SYN with another
 * initial sequence number than the one seen means that the ports are used anew.
 */
import { endConnection, lookUp, sideFound } from "../core/conn";
import {
  CONN_CLIENT,
  CONN_FINISHED,
  CONN_FLAGS,
  CONN_FLAG_CLIENT_KNOWN,
  CONN_PACKETS,
  PROTO_NONE,
  CONN_PROTOCOL,
} from "../core/conn-layout";
import { setMidJoin } from "../core/stream";
import { DESTINATION, IP_TCP, SOURCE, be16, be32, family } from "./layers";
import { closeTcp } from "./tcp-close";
import {
  CLOSED_RESET,
  SIDE_DATA,
  SIDE_FLAGS,
  SIDE_INITIAL,
  SIDE_KNOWN,
  SIDE_SYN,
  SIDE_UNSEEN,
  clearFlag,
  closedAs,
  distance,
  hasFlag,
  nextOf,
  setFlag,
  setNextOf,
  sideOf,
} from "./tcp-state";

export const TCP_FIN: u8 = 1;
export const TCP_SYN: u8 = 2;
export const TCP_RST: u8 = 4;
const TCP_PSH: u8 = 8;
export const TCP_ACK: u8 = 16;

/** How many bytes may have been seen before their SYN: captures reorder. */
const LATE_SYN_MAX: i32 = 1 << 16;

/** A packet that is no SYN: the side is joined where it is, when nothing of it was seen. */
export function join(conn: usize, side: u32, sequence: u32, flags: u8, payload: u32): void {
  const own = sideOf(conn, side);
  if (hasFlag(own, SIDE_KNOWN) || flags & TCP_RST) return;
  if (load<u8>(sideOf(conn, 1 - side), SIDE_FLAGS) == 0) setMidJoin(conn);
  setFlag(own, SIDE_KNOWN);
  // A probe whether the other side is alive repeats the last byte, or invents one.
  const isProbe = payload == 1 && (flags & (TCP_PSH | TCP_FIN)) == 0;
  setNextOf(own, isProbe ? sequence + 1 : sequence);
}

/**
 * A SYN: the connection it is of, which may be a new one with the same ports; 0 when the output
 * is full and the old one could not be ended.
 */
export function synchronise(conn: usize, side: u32, head: usize, flags: u8): usize {
  const initial = be32(head + 4);
  if (isReuse(conn, side, initial, flags)) {
    if (!closeTcp(conn, 0)) return 0;
    endConnection(conn, 0);
    conn = lookUp(IP_TCP, family(), SOURCE, be16(head), DESTINATION, be16(head + 2));
    side = sideFound();
  }
  const own = sideOf(conn, side);
  if (hasFlag(own, SIDE_SYN) && load<u32>(own, SIDE_INITIAL) == initial) return conn;
  const isAnswer = (flags & TCP_ACK) != 0;
  store<u8>(conn, <u8>(isAnswer ? 1 - side : side), CONN_CLIENT);
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_CLIENT_KNOWN, CONN_FLAGS);
  store<u32>(own, initial, SIDE_INITIAL);
  if (!hasFlag(own, SIDE_DATA)) setNextOf(own, initial + 1);
  clearFlag(own, SIDE_UNSEEN);
  setFlag(own, SIDE_SYN | SIDE_KNOWN);
  return conn;
}

function isReuse(conn: usize, side: u32, initial: u32, flags: u8): bool {
  const own = sideOf(conn, side);
  const other = sideOf(conn, 1 - side);
  if (hasFlag(own, SIDE_SYN)) {
    const isAnswer = (flags & TCP_ACK) != 0;
    // Refused, and tried again with the same number.
    if (load<u32>(own, SIDE_INITIAL) == initial) {
      return !isAnswer && (closedAs(conn) & CLOSED_RESET) != 0;
    }
    // Before any byte: a server that chose again, or a client that never got an answer.
    const isUsed = hasFlag(own, SIDE_DATA) || hasFlag(other, SIDE_DATA) || closedAs(conn) != 0;
    return isUsed || !isAnswer;
  }
  if (closedAs(conn) != 0) return true;
  if (hasFlag(own, SIDE_DATA)) {
    const seen = distance(nextOf(own), initial + 1);
    return seen < 0 || seen > LATE_SYN_MAX;
  }
  // The answer, or the first of both sides; a client that begins again after the other spoke.
  return !(flags & TCP_ACK) && hasFlag(other, SIDE_DATA) && !hasFlag(own, SIDE_KNOWN);
}
