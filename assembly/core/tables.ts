/** Who has which part of TABLES. */
import { HINTS_SIZE } from "./hints";
import { TABLES, TABLES_SIZE } from "./memory";

export const HTTP1_TABLE: usize = TABLES + HINTS_SIZE;
export const HTTP1_TABLE_SIZE: usize = 0x2000;
export const HPACK_TABLE: usize = HTTP1_TABLE + HTTP1_TABLE_SIZE;
export const HPACK_TABLE_SIZE: usize = 0x20000;
export const KAFKA_TABLE: usize = HPACK_TABLE + HPACK_TABLE_SIZE;
export const KAFKA_TABLE_SIZE: usize = 0x20000;
export const DNS_TABLE: usize = KAFKA_TABLE + KAFKA_TABLE_SIZE;
export const DNS_TABLE_SIZE: usize = 0x4000;
/** Interfaces of a capture, its fragments, and the datagram put together last (pcap/, net/). */
export const CAPTURE_TABLE: usize = DNS_TABLE + DNS_TABLE_SIZE;
export const CAPTURE_TABLE_SIZE: usize = 0x16000;
export const TABLES_END: usize = CAPTURE_TABLE + CAPTURE_TABLE_SIZE;

/** Checked by the self-test at start. */
export function tablesFit(): bool {
  return TABLES_END <= TABLES + TABLES_SIZE;
}
