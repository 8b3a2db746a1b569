/**
 * Output: rows of ROW_SIZE, and the texts of their resources. The host reads both after each call
 * into the module and calls `clearOutput`.
 *
 *    0  u32  kind: ROW_CALL           4  u32  connection (index)
 *    8  u8   protocol   9  u8 flags: ROW_FLAG_*   10  u8 address family   11  u8 method length
 *   12  u32  notes                   16  u64  start, ns
 *   24  u64  latency, ns             32  u64  latency to the first response byte; ~0 unknown
 *   40  u64  request bytes           48  u64  response bytes
 *   56  u32  resource, offset in TEXT    60  u32  its length
 *   64  u16  client port   66  u16 server port   68  u8 status length   69 u8 transport
 *   72  u8   [16] client address     88  u8  [16] server address
 *  104  u8   [16] trace id          120  u8  [8] parent span id
 *  128  u8   [48] method            176  u8  [16] status
 */
import {
  CALL_ERROR,
  CALL_FLAGS,
  CALL_FLAG_METHOD_IS_RESOURCE,
  CALL_FLAG_TRACE,
  CALL_METHOD,
  CALL_METHOD_LENGTH,
  CALL_NOTES,
  CALL_PROTOCOL,
  CALL_REQUEST_BYTES,
  CALL_REQUEST_NS,
  CALL_RESOURCE,
  CALL_RESPONSE_BYTES,
  CALL_RESPONSE_END_NS,
  CALL_RESPONSE_NS,
  CALL_STATUS,
  CALL_STATUS_LENGTH,
  CALL_TRACE_ID,
} from "./call";
import {
  CONN_ADDRESS,
  CONN_CLIENT,
  CONN_FAMILY,
  CONN_FLAGS,
  CONN_FLAG_ENCRYPTED,
  CONN_TRANSPORT,
  port,
} from "./conn-layout";
import { CTX_OUT, resourceMode, RESOURCE_TEMPLATE } from "./ctx";
import { RESOURCE_BYTES_MAX, ROW_COUNT, TEXT_SIZE } from "./limits";
import { CONNS, CONN_SIZE, CTX, ROWS, ROW_SIZE, TEXT } from "./memory";
import { TEMPLATE_GROWTH, writeTemplate } from "./template";
import { copyOut, textLength } from "./text";

export const ROW_CALL: u32 = 1;
export const ROW_FLOW: u32 = 2;

export const ROW_FLAG_ERROR: u8 = 1;
export const ROW_FLAG_ENCRYPTED: u8 = 2;
export const ROW_FLAG_TRACE: u8 = 4;
export const ROW_FLAG_METHOD_IS_RESOURCE: u8 = 8;

const USED_ROWS: usize = CTX_OUT;
const USED_TEXT: usize = CTX_OUT + 4;

/** Rows one step of a protocol may write at most; a step is one call of its `feed`. */
const ROWS_PER_STEP: u32 = 64;
const TEXT_PER_STEP: u32 = 64 * 1024;

/** Whether one more step may be taken. Nothing writes more than this asks for in one step. */
export function hasRoom(): bool {
  return (
    load<u32>(CTX, USED_ROWS) + ROWS_PER_STEP <= ROW_COUNT &&
    load<u32>(CTX, USED_TEXT) + TEXT_PER_STEP + RESOURCE_BYTES_MAX <= TEXT_SIZE
  );
}

/** Whether one more row can be written, beyond what a step was promised. */
export function hasRow(): bool {
  return load<u32>(CTX, USED_ROWS) < ROW_COUNT;
}

export function rowCount(): u32 {
  return load<u32>(CTX, USED_ROWS);
}

/** Zeroes what was used: nothing of it outlives the host's reading. */
export function clearOutput(): void {
  memory.fill(ROWS, 0, <usize>load<u32>(CTX, USED_ROWS) * ROW_SIZE);
  memory.fill(TEXT, 0, load<u32>(CTX, USED_TEXT));
  store<u64>(CTX, 0, USED_ROWS);
}

/** A zeroed row. SAFETY: hasRoom() held; more rows than a step may write trap (a bug). */
export function newRow(kind: u32, conn: usize): usize {
  const used = load<u32>(CTX, USED_ROWS);
  if (used >= ROW_COUNT) unreachable();
  store<u32>(CTX, used + 1, USED_ROWS);
  const row = ROWS + <usize>used * ROW_SIZE;
  store<u32>(row, kind);
  store<u32>(row, <u32>((conn - CONNS) / CONN_SIZE), 4);
  const client = <u32>load<u8>(conn, CONN_CLIENT);
  store<u8>(row, load<u8>(conn, CONN_FAMILY), 10);
  store<u16>(row, <u16>port(conn, client), 64);
  store<u16>(row, <u16>port(conn, 1 - client), 66);
  store<u8>(row, load<u8>(conn, CONN_TRANSPORT), 69);
  memory.copy(row + 72, conn + CONN_ADDRESS + client * 16, 16);
  memory.copy(row + 88, conn + CONN_ADDRESS + (1 - client) * 16, 16);
  return row;
}

export function writeRow(conn: usize, call: usize): void {
  const row = newRow(ROW_CALL, conn);
  const callFlags = load<u8>(call, CALL_FLAGS);
  let flags: u8 = load<u8>(call, CALL_ERROR) ? ROW_FLAG_ERROR : 0;
  if (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_ENCRYPTED) flags |= ROW_FLAG_ENCRYPTED;
  if (callFlags & CALL_FLAG_TRACE) flags |= ROW_FLAG_TRACE;
  if (callFlags & CALL_FLAG_METHOD_IS_RESOURCE) flags |= ROW_FLAG_METHOD_IS_RESOURCE;
  store<u8>(row, load<u8>(call, CALL_PROTOCOL), 8);
  store<u8>(row, flags, 9);
  store<u8>(row, load<u8>(call, CALL_METHOD_LENGTH), 11);
  store<u32>(row, load<u32>(call, CALL_NOTES), 12);

  const start = load<u64>(call, CALL_REQUEST_NS);
  const first = load<u64>(call, CALL_RESPONSE_NS);
  const last = load<u64>(call, CALL_RESPONSE_END_NS);
  store<u64>(row, start, 16);
  store<u64>(row, last == 0 ? ~(<u64>0) : last > start ? last - start : 0, 24);
  store<u64>(row, first == 0 ? ~(<u64>0) : first > start ? first - start : 0, 32);
  store<u64>(row, load<u64>(call, CALL_REQUEST_BYTES), 40);
  store<u64>(row, load<u64>(call, CALL_RESPONSE_BYTES), 48);
  writeResource(row, call);
  store<u8>(row, load<u8>(call, CALL_STATUS_LENGTH), 68);
  memory.copy(row + 104, call + CALL_TRACE_ID, 24);
  memory.copy(row + 128, call + CALL_METHOD, 48);
  memory.copy(row + 176, call + CALL_STATUS, 16);
}

/** More text in one step than hasRoom() promised: the resource is left out rather than cut. */
function writeResource(row: usize, call: usize): void {
  const used = load<u32>(CTX, USED_TEXT);
  const length = textLength(call + CALL_RESOURCE);
  const isTemplate = resourceMode() == RESOURCE_TEMPLATE;
  const ahead = isTemplate ? length * TEMPLATE_GROWTH : 0;
  const end = used + ahead + length;
  if (end + 4 > TEXT_SIZE) return;
  const raw = TEXT + used + ahead;
  copyOut(call + CALL_RESOURCE, raw);
  let kept = length;
  if (isTemplate) {
    kept = writeTemplate(TEXT + used, raw, length, load<u8>(call, CALL_PROTOCOL));
    if (used + kept < end) memory.fill(TEXT + used + kept, 0, end - used - kept);
  }
  store<u32>(row, used, 56);
  store<u32>(row, kept, 60);
  store<u32>(CTX, used + kept, USED_TEXT);
}
