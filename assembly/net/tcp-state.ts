/**
 * What is known of a TCP connection, TCP_SIZE bytes beside its CONN (RFC 9293):
 *
 *    0  u8  [2][28] one for each side:
 *         0 u32 sequence number of the next byte to deliver
 *         4 u32 first run of bytes that came too early (tcp-queue.ts)
 *         8 u32 initial sequence number
 *        12 u32 highest acknowledgement of bytes that were not seen
 *        16 u32 sequence number of the FIN
 *        20 u16 blocks queued      22 u16 runs queued
 *        24 u8  SIDE_*             25 u8  packets since that acknowledgement
 *   56  u8  CLOSED_*
 */
import { tcpOf } from "../core/conn";
import { TCP_SIZE } from "../core/memory";
import { forgetQueue } from "./tcp-queue";

export const SIDE_NEXT: usize = 0;
export const SIDE_FIRST: usize = 4;
export const SIDE_INITIAL: usize = 8;
export const SIDE_ACKED: usize = 12;
export const SIDE_FIN_AT: usize = 16;
export const SIDE_BLOCKS: usize = 20;
export const SIDE_RUNS: usize = 22;
export const SIDE_FLAGS: usize = 24;
export const SIDE_CONFIRMED: usize = 25;
const SIDE_SIZE: usize = 28;
const CLOSED: usize = 56;

/** Flags of a side: its next byte is known. */
export const SIDE_KNOWN: u8 = 1;
/** Its SYN was seen. */
export const SIDE_SYN: u8 = 2;
/** Its FIN was seen. */
export const SIDE_FIN: u8 = 4;
/** Nothing of it was seen: its next byte is what the other side acknowledged. */
export const SIDE_UNSEEN: u8 = 8;
/** Payload of it was seen. */
export const SIDE_DATA: u8 = 16;
/** The other side acknowledged bytes that were not seen. */
export const SIDE_HOLE: u8 = 32;

/** The connection was reset, and what that means was done. */
export const CLOSED_RESET: u8 = 1;
/** Both directions ended, and what was pending was given up. */
export const CLOSED_DONE: u8 = 2;

@inline
export function sideOf(conn: usize, side: u32): usize {
  return tcpOf(conn) + <usize>side * SIDE_SIZE;
}

@inline
export function hasFlag(state: usize, flag: u8): bool {
  return (load<u8>(state, SIDE_FLAGS) & flag) != 0;
}

@inline
export function setFlag(state: usize, flag: u8): void {
  store<u8>(state, load<u8>(state, SIDE_FLAGS) | flag, SIDE_FLAGS);
}

@inline
export function clearFlag(state: usize, flag: u8): void {
  store<u8>(state, load<u8>(state, SIDE_FLAGS) & ~flag, SIDE_FLAGS);
}

@inline
export function nextOf(state: usize): u32 {
  return load<u32>(state, SIDE_NEXT);
}

@inline
export function setNextOf(state: usize, sequence: u32): void {
  store<u32>(state, sequence, SIDE_NEXT);
}

@inline
export function closedAs(conn: usize): u8 {
  return load<u8>(tcpOf(conn), CLOSED);
}

export function setClosedAs(conn: usize, how: u8): void {
  store<u8>(tcpOf(conn), closedAs(conn) | how, CLOSED);
}

/** `a - b` in sequence numbers, which wrap: negative when `a` is before `b`. */
@inline
export function distance(a: u32, b: u32): i32 {
  return <i32>(a - b);
}

/** The connection is over; what is still queued dies. */
export function endTcp(conn: usize): void {
  forgetQueue(conn, sideOf(conn, 0));
  forgetQueue(conn, sideOf(conn, 1));
  memory.fill(tcpOf(conn), 0, TCP_SIZE);
}
