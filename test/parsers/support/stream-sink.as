/**
 * In place of assembly/core/stream.ts (AssemblyScript; the tests of net/ and pcap/ compile it): what
 * the engine would give to a protocol is written down, at WORK, for the test to read.
 *
 *    0 u32 kind: 1 bytes, 2 gap, 3 finish, 4 datagram   4 u32 side   8 u32 connection  12 u32 size
 *   16 u64 time  24 bytes (none of a gap), padded to 8
 *
 * Every ROW_BYTES bytes cost a row, so that the output is full soon and capture has to come again.
 */
import { CONN_FINISHED, CONN_FLAGS, CONN_FLAG_MID_JOIN } from "./conn-layout";
import { CTX_PROTOCOLS, MODE_FULL, mode, now } from "./ctx";
import { CTX, WORK } from "./memory";
import { numberOf } from "./conn";
import { ROW_FLOW, hasRoom, newRow } from "./out";
import { wipe } from "../scan";

const USED: usize = CTX_PROTOCOLS;
const ROW_BYTES: usize = 16;
/** With the largest datagram behind it, still within WORK. */
const ROOM: u32 = 120_000;

export function logUsed(): u32 { return load<u32>(CTX, USED); }
export function clearLog(): void {
  memory.fill(WORK, 0, logUsed());
  store<u32>(CTX, 0, USED);
}

function write(conn: usize, kind: u32, side: u32, p: usize, size: u32): void {
  const entry = WORK + load<u32>(CTX, USED);
  store<u32>(entry, kind);
  store<u32>(entry, side, 4);
  store<u32>(entry, numberOf(conn), 8);
  store<u32>(entry, size, 12);
  store<u64>(entry, now(), 16);
  const bytes = p == 0 ? 0 : size;
  if (bytes > 0) memory.copy(entry + 24, p, bytes);
  store<u32>(CTX, load<u32>(CTX, USED) + 24 + ((bytes + 7) & ~7), USED);
  // A full log is a full output.
  while (load<u32>(CTX, USED) > ROOM && hasRoom()) newRow(ROW_FLOW, conn);
}

export function feed(conn: usize, side: u32, p: usize, end: usize): usize {
  while (p < end && hasRoom()) {
    const part = min(end - p, ROW_BYTES);
    write(conn, 1, side, p, <u32>part);
    if (hasRoom()) newRow(ROW_FLOW, conn);
    redact(p, p + part);
    p += part;
  }
  return p;
}

export function feedDatagram(conn: usize, side: u32, p: usize, end: usize, size: u32): void {
  if (size < end - p) unreachable();
  write(conn, 4, side, p, <u32>(end - p));
  if (hasRoom()) newRow(ROW_FLOW, conn);
  redact(p, end);
}

export function redact(p: usize, end: usize): void {
  if (p < end && mode() != MODE_FULL) wipe(p, end);
}

export function gap(conn: usize, side: u32, size: u32): void { write(conn, 2, side, 0, size); }

export function finish(conn: usize, side: u32): void {
  const finished = load<u8>(conn, CONN_FINISHED);
  if (finished & (1 << <u8>side)) return;
  store<u8>(conn, finished | (1 << <u8>side), CONN_FINISHED);
  write(conn, 3, side, 0, 0);
}

export function endProtocol(conn: usize): void {}

export function setMidJoin(conn: usize): void {
  store<u8>(conn, load<u8>(conn, CONN_FLAGS) | CONN_FLAG_MID_JOIN, CONN_FLAGS);
}
