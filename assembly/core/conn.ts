/**
 * The connection table: found by address pair, evicted least recently used. Index + 1 is the
 * number of a connection in links, 0 is none.
 */
import { giveUpAll } from "./call";
import {
  CONN_ADDRESS,
  CONN_BYTES,
  CONN_FAMILY,
  CONN_FIRST_NS,
  CONN_FLAGS,
  CONN_FLAG_USED,
  CONN_GENERATION,
  CONN_HASH_NEXT,
  CONN_HELD,
  CONN_LAST_NS,
  CONN_NEWER,
  CONN_OLDER,
  CONN_PACKETS,
  CONN_PORT,
  CONN_PROTOCOL,
  CONN_CLIENT,
  CONN_TRANSPORT,
} from "./conn-layout";
import { COUNT_CONNS_EVICTED, count } from "./counters";
import { CTX_CONN, now } from "./ctx";
import { CONN_COUNT, HASH_BUCKETS } from "./limits";
import { CONNS, CONN_SIZE, CTX, HASH, TCP, TCP_SIZE } from "./memory";
import { ROW_FLOW, hasRow, newRow } from "./out";
import { release } from "./pool";
import { endProtocol } from "./stream";
import { endTcp } from "../net/tcp-state";
import { NOTE_EVICTED } from "./call";

const NEWEST: usize = CTX_CONN;
const OLDEST: usize = CTX_CONN + 4;
/** Slots never used begin here. */
const UNTOUCHED: usize = CTX_CONN + 8;
const FREE: usize = CTX_CONN + 12;
/** 1: a row for each connection that ends. */
const EMIT_FLOWS: usize = CTX_CONN + 16;
/** The side that sent the packet that was looked up last. */
const SIDE: usize = CTX_CONN + 20;

@inline
export function connAt(number: u32): usize {
  return CONNS + <usize>(number - 1) * CONN_SIZE;
}

@inline
export function numberOf(conn: usize): u32 {
  return <u32>((conn - CONNS) / CONN_SIZE) + 1;
}

@inline
export function tcpOf(conn: usize): usize {
  return TCP + ((conn - CONNS) / CONN_SIZE) * TCP_SIZE;
}

/** Connections that were ever used, from the first slot on: what `reset` must zero. */
export function touchedConns(): u32 {
  return load<u32>(CTX, UNTOUCHED);
}

export function setEmitFlows(enabled: bool): void {
  store<u32>(CTX, enabled ? 1 : 0, EMIT_FLOWS);
}

/** Which side of the connection `lookUp` found is the source. */
@inline
export function sideFound(): u32 {
  return load<u32>(CTX, SIDE);
}

/**
 * The connection between two ends; 16-byte addresses at `source` and `destination`, IPv4 in the
 * first four bytes and zeros behind. A new one has the source as side 0. Marks it as used now.
 */
export function lookUp(
  transport: u8,
  family: u8,
  source: usize,
  sourcePort: u32,
  destination: usize,
  destinationPort: u32,
): usize {
  const bucket = HASH + <usize>(hash(transport, source, sourcePort, destination, destinationPort) & (HASH_BUCKETS - 1)) * 4;
  for (let number = load<u32>(bucket); number != 0; ) {
    const conn = connAt(number);
    if (load<u8>(conn, CONN_TRANSPORT) == transport && load<u8>(conn, CONN_FAMILY) == family) {
      if (isEnd(conn, 0, source, sourcePort) && isEnd(conn, 1, destination, destinationPort)) return found(conn, 0);
      if (isEnd(conn, 1, source, sourcePort) && isEnd(conn, 0, destination, destinationPort)) return found(conn, 1);
    }
    number = load<u32>(conn, CONN_HASH_NEXT);
  }
  const conn = takeSlot();
  store<u8>(conn, CONN_FLAG_USED, CONN_FLAGS);
  store<u8>(conn, transport, CONN_TRANSPORT);
  store<u8>(conn, family, CONN_FAMILY);
  store<u16>(conn, <u16>sourcePort, CONN_PORT);
  store<u16>(conn, <u16>destinationPort, CONN_PORT + 2);
  memory.copy(conn + CONN_ADDRESS, source, 16);
  memory.copy(conn + CONN_ADDRESS + 16, destination, 16);
  store<u64>(conn, now(), CONN_FIRST_NS);
  store<u64>(conn, now(), CONN_LAST_NS);
  store<u32>(conn, load<u32>(bucket), CONN_HASH_NEXT);
  store<u32>(bucket, numberOf(conn));
  linkNewest(conn);
  store<u32>(CTX, 0, SIDE);
  return conn;
}

function found(conn: usize, side: u32): usize {
  store<u32>(CTX, side, SIDE);
  store<u64>(conn, now(), CONN_LAST_NS);
  if (load<u32>(CTX, NEWEST) != numberOf(conn)) {
    unlink(conn);
    linkNewest(conn);
  }
  return conn;
}

@inline
function isEnd(conn: usize, side: usize, address: usize, port: u32): bool {
  const own = conn + CONN_ADDRESS + side * 16;
  return (
    <u32>load<u16>(conn + side * 2, CONN_PORT) == port &&
    load<u64>(own) == load<u64>(address) &&
    load<u64>(own, 8) == load<u64>(address, 8)
  );
}

/** The same for both directions. Keyed tables are not needed: a bucket holds at most CONN_COUNT. */
function hash(transport: u8, a: usize, aPort: u32, b: usize, bPort: u32): u32 {
  const one = mix(load<u64>(a) ^ (load<u64>(a, 8) * 0x9e3779b97f4a7c15) ^ aPort);
  const other = mix(load<u64>(b) ^ (load<u64>(b, 8) * 0x9e3779b97f4a7c15) ^ bPort);
  return <u32>(mix(one + other + transport) >> 32);
}

@inline
function mix(value: u64): u64 {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccd;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 33);
}

function takeSlot(): usize {
  const free = load<u32>(CTX, FREE);
  if (free != 0) {
    const conn = connAt(free);
    store<u32>(CTX, load<u32>(conn, CONN_HASH_NEXT), FREE);
    store<u32>(conn, 0, CONN_HASH_NEXT);
    return conn;
  }
  const untouched = load<u32>(CTX, UNTOUCHED);
  if (untouched < CONN_COUNT) {
    store<u32>(CTX, untouched + 1, UNTOUCHED);
    return connAt(untouched + 1);
  }
  count(COUNT_CONNS_EVICTED);
  endConnection(connAt(load<u32>(CTX, OLDEST)), NOTE_EVICTED);
  return takeSlot();
}

/** Gives up what is pending, writes the flow row, wipes the slot and makes it free. */
export function endConnection(conn: usize, notes: u32): void {
  endTcp(conn);
  // A protocol may emit what it knows of a response, before the rest is given up.
  endProtocol(conn);
  giveUpAll(conn, notes);
  writeFlow(conn);
  for (let side: usize = 0; side < 2; side++) {
    const held = load<u32>(conn + side * 4, CONN_HELD);
    if (held != 0) release(conn, held);
  }
  unhash(conn);
  unlink(conn);
  const generation = load<u32>(conn, CONN_GENERATION) + 1;
  memory.fill(conn, 0, CONN_SIZE);
  store<u32>(conn, generation, CONN_GENERATION);
  store<u32>(conn, load<u32>(CTX, FREE), CONN_HASH_NEXT);
  store<u32>(CTX, numberOf(conn), FREE);
}

/** The connection that was used least recently, 0 when there is none. */
export function oldestConnection(): usize {
  const oldest = load<u32>(CTX, OLDEST);
  return oldest == 0 ? 0 : connAt(oldest);
}

/** Ends every connection; false when the output is full and it must be called again. */
export function endAll(notes: u32, hasRoom: () => bool): bool {
  for (let oldest = load<u32>(CTX, OLDEST); oldest != 0; oldest = load<u32>(CTX, OLDEST)) {
    if (!hasRoom()) return false;
    endConnection(connAt(oldest), notes);
  }
  return true;
}

function writeFlow(conn: usize): void {
  if (load<u32>(CTX, EMIT_FLOWS) == 0 || !hasRow()) return;
  const row = newRow(ROW_FLOW, conn);
  const client = <usize>load<u8>(conn, CONN_CLIENT);
  const server: usize = 1 - client;
  store<u8>(row, load<u8>(conn, CONN_PROTOCOL), 8);
  store<u64>(row, load<u64>(conn, CONN_FIRST_NS), 16);
  store<u64>(row, load<u64>(conn, CONN_LAST_NS) - load<u64>(conn, CONN_FIRST_NS), 24);
  store<u64>(row, load<u64>(conn + client * 8, CONN_BYTES), 40);
  store<u64>(row, load<u64>(conn + server * 8, CONN_BYTES), 48);
  store<u32>(row, load<u32>(conn + client * 4, CONN_PACKETS), 56);
  store<u32>(row, load<u32>(conn + server * 4, CONN_PACKETS), 60);
}

function linkNewest(conn: usize): void {
  const number = numberOf(conn);
  const newest = load<u32>(CTX, NEWEST);
  store<u32>(conn, newest, CONN_OLDER);
  store<u32>(conn, 0, CONN_NEWER);
  if (newest != 0) store<u32>(connAt(newest), number, CONN_NEWER);
  else store<u32>(CTX, number, OLDEST);
  store<u32>(CTX, number, NEWEST);
}

function unlink(conn: usize): void {
  const older = load<u32>(conn, CONN_OLDER);
  const newer = load<u32>(conn, CONN_NEWER);
  if (newer != 0) store<u32>(connAt(newer), older, CONN_OLDER);
  else store<u32>(CTX, older, NEWEST);
  if (older != 0) store<u32>(connAt(older), newer, CONN_NEWER);
  else store<u32>(CTX, newer, OLDEST);
}

function unhash(conn: usize): void {
  const number = numberOf(conn);
  const key = hash(
    load<u8>(conn, CONN_TRANSPORT),
    conn + CONN_ADDRESS,
    load<u16>(conn, CONN_PORT),
    conn + CONN_ADDRESS + 16,
    load<u16>(conn, CONN_PORT + 2),
  );
  const bucket = HASH + <usize>(key & (HASH_BUCKETS - 1)) * 4;
  let at = load<u32>(bucket);
  if (at == number) {
    store<u32>(bucket, load<u32>(conn, CONN_HASH_NEXT));
    return;
  }
  while (at != 0) {
    const other = connAt(at);
    at = load<u32>(other, CONN_HASH_NEXT);
    if (at == number) {
      store<u32>(other, load<u32>(conn, CONN_HASH_NEXT), CONN_HASH_NEXT);
      return;
    }
  }
}
