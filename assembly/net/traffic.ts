/** What is counted for each connection, and who is taken for its client. */
import {
  CONN_BYTES,
  CONN_CLIENT,
  CONN_FLAGS,
  CONN_FLAG_CLIENT_KNOWN,
  CONN_PACKETS,
  port,
} from "../core/conn-layout";
import { isRetaken } from "./layers";

/** Counts a packet with `bytes` of payload, once however often it is taken. */
export function addTraffic(conn: usize, side: u32, bytes: u32): void {
  if (isRetaken()) return;
  if (load<u32>(conn, CONN_PACKETS) + load<u32>(conn, CONN_PACKETS + 4) == 0) guessClient(conn);
  const packets = conn + <usize>side * 4;
  store<u32>(packets, load<u32>(packets, CONN_PACKETS) + 1, CONN_PACKETS);
  const total = conn + <usize>side * 8;
  store<u64>(total, load<u64>(total, CONN_BYTES) + bytes, CONN_BYTES);
}

/** Lowest port that no service is registered for: RFC 6335 6. */
const DYNAMIC_PORTS: u32 = 49152;
const SYSTEM_PORTS: u32 = 1024;

/**
 * Whoever speaks first is the client, unless its port alone is one that servers have. Bytes that
 * tell it better correct this.
 */
function guessClient(conn: usize): void {
  if (load<u8>(conn, CONN_FLAGS) & CONN_FLAG_CLIENT_KNOWN) return;
  const own = port(conn, 0);
  const other = port(conn, 1);
  const isServer = own < SYSTEM_PORTS
    ? other >= SYSTEM_PORTS
    : own < DYNAMIC_PORTS && other >= DYNAMIC_PORTS;
  store<u8>(conn, isServer ? 1 : 0, CONN_CLIENT);
}
