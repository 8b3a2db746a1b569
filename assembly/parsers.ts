/**
 * Everything the parser module exports; the memory is exported beside it. docs/abi.md tells how
 * to drive it, src/wasm/parsers.ts does.
 *
 * Every argument is checked: a call that names what does not exist changes nothing and returns
 * BAD_CALL. A call that stops early ("come again") does so because the output is full.
 */
import { CONN_BYTES, CONN_CLIENT, CONN_FLAGS, CONN_FLAG_CLIENT_KNOWN, CONN_PACKETS } from "./core/conn-layout";
import { endAll, endConnection, lookUp, setEmitFlows, sideFound, touchedConns } from "./core/conn";
import { COUNTERS } from "./core/counters";
import { CTX_COUNTERS, setErrorStatusFrom, setMode, setNow, setResourceMode } from "./core/ctx";
import { HINTS_SIZE, setHint } from "./core/hints";
import { INPUT_SIZE, ROW_COUNT } from "./core/limits";
import {
  BLOCKS,
  BLOCK_SIZE,
  CONNS,
  CONN_SIZE,
  CTX,
  CTX_SIZE,
  HASH,
  INPUT,
  MEMORY_END,
  ROWS,
  ROW_SIZE,
  TABLES,
  TCP,
  TCP_SIZE,
  TEXT,
} from "./core/memory";
import { clearOutput, hasRoom, rowCount } from "./core/out";
import { initPool, touchedBlocks } from "./core/pool";
import { captureBegin } from "./pcap/capture";
import { feed, feedDatagram, finish, gap } from "./core/stream";

/** Changes with any change of a layout, an export or a number that the host has a copy of. */
export const ABI_VERSION: u32 = 1;
export const MEMORY_BYTES: usize = MEMORY_END;
export const INPUT_PTR: usize = INPUT;
export const INPUT_BYTES: u32 = INPUT_SIZE;
export const ROWS_PTR: usize = ROWS;
export const ROW_BYTES: usize = ROW_SIZE;
export const ROW_LIMIT: u32 = ROW_COUNT;
export const TEXT_PTR: usize = TEXT;
export const COUNTERS_PTR: usize = CTX + CTX_COUNTERS;
export const COUNTER_LIMIT: u32 = COUNTERS;
export { clearOutput, rowCount, setHint };
export { captureError, captureErrorOffset, captureFeed, captureFinish } from "./pcap/capture";
export { selfTest } from "./parsers-self-test";

const TCP_NUMBER: u8 = 6;
const UDP: u8 = 17;

/** The arguments name what does not exist; nothing was read or written. */
export const BAD_CALL: u32 = 0xffffffff;

/**
 * The ends of a connection, as the host writes them:
 *
 *    0  u8   transport: 6 TCP, 17 UDP    1  u8   address family: 4 or 6
 *    2  u16  client port                 4  u16  server port
 *    8  u8   [16] client address        24  u8   [16] server address; IPv4: 4 bytes and zeros
 */
export const ENDS_BYTES: u32 = 40;

/** Forget everything. Lookup tables stay, all other memory that was ever written is zeroed. */
export function reset(): void {
  memory.fill(CONNS, 0, <usize>touchedConns() * CONN_SIZE);
  memory.fill(TCP, 0, <usize>touchedConns() * TCP_SIZE);
  memory.fill(HASH, 0, BLOCKS - HASH);
  memory.fill(BLOCKS, 0, <usize>touchedBlocks() * BLOCK_SIZE);
  memory.fill(INPUT, 0, MEMORY_END - INPUT);
  memory.fill(TABLES, 0, HINTS_SIZE);
  memory.fill(CTX, 0, CTX_SIZE);
  initPool();
  captureBegin();
}

/** redaction: MODE_*, resource: RESOURCE_*, errorFrom: lowest HTTP status that is an error. */
export function configure(redaction: u32, resource: u32, errorFrom: u32, flows: bool): void {
  setMode(redaction);
  setResourceMode(resource);
  setErrorStatusFrom(errorFrom);
  setEmitFlows(flows);
}

/**
 * The next bytes [ptr, ptr + length) of INPUT from a side of the connection, 0 its client and 1 its
 * server; redacted in place. Returns how many were taken; fewer than `length`: come again.
 */
export function feedChunk(ends: usize, side: u32, ptr: usize, length: u32, timeNs: u64): u32 {
  if (!areEnds(ends, side) || !isInput(ptr, length)) return BAD_CALL;
  setNow(timeNs);
  const conn = connectionOf(ends);
  const own = ownSide(side);
  const taken = load<u8>(ends) == UDP
    ? feedWhole(conn, own, ptr, length)
    : <u32>(feed(conn, own, ptr, ptr + length) - ptr);
  const bytes = conn + CONN_BYTES + <usize>own * 8;
  store<u64>(bytes, load<u64>(bytes) + taken);
  if (taken == length) {
    const packets = conn + CONN_PACKETS + <usize>own * 4;
    store<u32>(packets, load<u32>(packets) + 1);
  }
  return taken;
}

/** `size` bytes from the side are missing, 0: nobody knows how many. 1 done, 0 come again. */
export function gapChunk(ends: usize, side: u32, size: u32, timeNs: u64): u32 {
  if (!areEnds(ends, side)) return BAD_CALL;
  if (!hasRoom()) return 0;
  setNow(timeNs);
  gap(connectionOf(ends), ownSide(side), size);
  return 1;
}

/** Nothing more comes from the side. 1 done, 0 come again. */
export function finishChunk(ends: usize, side: u32, timeNs: u64): u32 {
  if (!areEnds(ends, side)) return BAD_CALL;
  if (!hasRoom()) return 0;
  setNow(timeNs);
  finish(connectionOf(ends), ownSide(side));
  return 1;
}

/** The connection is over: what is pending is given up. 1 done, 0 come again. */
export function endChunk(ends: usize, timeNs: u64): u32 {
  if (!areEnds(ends, 0)) return BAD_CALL;
  // More calls may be given up than a step has room for: all of the output is theirs.
  if (rowCount() != 0) return 0;
  setNow(timeNs);
  endConnection(connectionOf(ends), 0);
  return 1;
}

/** Every connection ends: what is pending is given up. False: come again. */
export function finishAll(): bool {
  return endAll(0, hasRoom);
}

/** A datagram is taken whole or, when the output is full, not at all. */
function feedWhole(conn: usize, side: u32, ptr: usize, length: u32): u32 {
  if (!hasRoom()) return 0;
  feedDatagram(conn, side, ptr, ptr + length, length);
  return length;
}

@inline
function isInput(ptr: usize, length: u32): bool {
  return ptr >= INPUT && length <= INPUT_SIZE && ptr - INPUT <= INPUT_SIZE - length;
}

function areEnds(ends: usize, side: u32): bool {
  if (side > 1 || !isInput(ends, ENDS_BYTES)) return false;
  const transport = load<u8>(ends);
  const family = load<u8>(ends, 1);
  return (transport == TCP_NUMBER || transport == UDP) && (family == 4 || family == 6);
}

/** The host knows who the client is, so a new connection has it as side 0. */
function connectionOf(ends: usize): usize {
  const conn = lookUp(
    load<u8>(ends),
    load<u8>(ends, 1),
    ends + 8,
    load<u16>(ends, 2),
    ends + 24,
    load<u16>(ends, 4),
  );
  const flags = load<u8>(conn, CONN_FLAGS);
  if ((flags & CONN_FLAG_CLIENT_KNOWN) == 0) {
    store<u8>(conn, <u8>sideFound(), CONN_CLIENT);
    store<u8>(conn, flags | CONN_FLAG_CLIENT_KNOWN, CONN_FLAGS);
  }
  return conn;
}

/** What the host calls client (0) or server (1), as a side of the connection found last. */
@inline
function ownSide(side: u32): u32 {
  return sideFound() ^ side;
}

initPool();
