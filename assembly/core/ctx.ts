/** Variables of the module, at fixed places in CTX: what would be mutable globals. */
import { CTX } from "./memory";

/** Redaction mode. */
export const MODE_HEADERS: u32 = 0;
export const MODE_FULL: u32 = 1;
/** Nothing is looked at: all payload dies, its size is all that is known. */
export const MODE_LENGTH: u32 = 2;
/** l7_resource. */
export const RESOURCE_FULL: u32 = 0;
export const RESOURCE_TEMPLATE: u32 = 1;
export const RESOURCE_OFF: u32 = 2;

const NOW: usize = 0;
const MODE: usize = 8;
const RESOURCE: usize = 12;
const ERROR_FROM: usize = 16;

/** Time of the bytes at hand, Unix ns (captures) or CLOCK_MONOTONIC ns (live). */
@inline export function now(): u64 { return load<u64>(CTX, NOW); }
@inline export function setNow(ns: u64): void { store<u64>(CTX, ns, NOW); }

@inline export function mode(): u32 { return load<u32>(CTX, MODE); }
@inline export function setMode(mode: u32): void { store<u32>(CTX, mode, MODE); }

@inline export function resourceMode(): u32 { return load<u32>(CTX, RESOURCE); }
@inline export function setResourceMode(mode: u32): void { store<u32>(CTX, mode, RESOURCE); }

/** Lowest HTTP status that is an error: 500, or 400 where the observing side is the client. */
@inline export function errorStatusFrom(): u32 { return load<u32>(CTX, ERROR_FROM); }
@inline export function setErrorStatusFrom(status: u32): void { store<u32>(CTX, status, ERROR_FROM); }

/** Where other files keep their variables: offsets in CTX, one owner each. */
export const CTX_POOL: usize = 64;
export const CTX_OUT: usize = 128;
export const CTX_CONN: usize = 192;
export const CTX_COUNTERS: usize = 512; // 64 counters of 8 bytes
export const CTX_CAPTURE: usize = 1024; // 1024 bytes for net/
export const CTX_PROTOCOLS: usize = 2048; // 512 bytes each for http1, http2, dns, kafka
