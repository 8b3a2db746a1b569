/**
 * What is known of the capture at hand: its format, byte order and place. Kept in CTX_CAPTURE,
 * the first 128 bytes; zeroed by `captureBegin`.
 */
import { CTX_CAPTURE } from "../core/ctx";
import { CTX } from "../core/memory";

export const FORMAT_UNKNOWN: u32 = 0;
export const FORMAT_PCAP: u32 = 1;
export const FORMAT_PCAPNG: u32 = 2;

/** Why reading stopped; a closed list, names: src/wasm/abi.ts. */
export const CAPTURE_OK: u32 = 0;
/** The file begins like no capture. */
export const CAPTURE_UNKNOWN_FORMAT: u32 = 1;
/** The file ends within a record; all whole ones were read. */
export const CAPTURE_TRUNCATED: u32 = 2;
/** A pcapng block is shorter than its kind, or its length is no multiple of four. */
export const CAPTURE_BAD_BLOCK: u32 = 3;
/** A pcapng section of another major version than 1, or without a byte order. */
export const CAPTURE_BAD_SECTION: u32 = 4;

const FORMAT: usize = CTX_CAPTURE;
const SWAPPED: usize = CTX_CAPTURE + 4;
const ERROR: usize = CTX_CAPTURE + 8;
const INTERFACES: usize = CTX_CAPTURE + 12;
const ERROR_OFFSET: usize = CTX_CAPTURE + 16;
const OFFSET: usize = CTX_CAPTURE + 24;
const SKIP: usize = CTX_CAPTURE + 32;
const SKIPS_PACKET: usize = CTX_CAPTURE + 40;
const LINK: usize = CTX_CAPTURE + 44;
const RECORD_HEAD: usize = CTX_CAPTURE + 48;
const FRACTION_NS: usize = CTX_CAPTURE + 52;
const OLD_LENGTHS: usize = CTX_CAPTURE + 56;

@inline export function format(): u32 { return load<u32>(CTX, FORMAT); }
@inline export function setFormat(value: u32): void { store<u32>(CTX, value, FORMAT); }

/** The file's byte order is not this machine's. */
@inline export function setSwapped(value: bool): void { store<u32>(CTX, value ? 1 : 0, SWAPPED); }
@inline export function isSwapped(): bool { return load<u32>(CTX, SWAPPED) != 0; }

/** Bytes of the file that were consumed by earlier calls. */
@inline export function fileOffset(): u64 { return load<u64>(CTX, OFFSET); }
@inline export function setFileOffset(value: u64): void { store<u64>(CTX, value, OFFSET); }

/** Bytes to pass over unread, and whether they are a packet. */
@inline export function skipLeft(): u64 { return load<u64>(CTX, SKIP); }
@inline export function setSkipLeft(value: u64): void { store<u64>(CTX, value, SKIP); }
@inline export function skipsPacket(): bool { return load<u32>(CTX, SKIPS_PACKET) != 0; }
@inline export function setSkipsPacket(value: bool): void {
  store<u32>(CTX, value ? 1 : 0, SKIPS_PACKET);
}

/** pcap: link type, bytes before the packet of a record, nanoseconds of a time unit. */
@inline export function fileLink(): u32 { return load<u32>(CTX, LINK); }
@inline export function setFileLink(value: u32): void { store<u32>(CTX, value, LINK); }
@inline export function recordHead(): u32 { return load<u32>(CTX, RECORD_HEAD); }
@inline export function setRecordHead(value: u32): void { store<u32>(CTX, value, RECORD_HEAD); }
@inline export function fractionNs(): u32 { return load<u32>(CTX, FRACTION_NS); }
@inline export function setFractionNs(value: u32): void { store<u32>(CTX, value, FRACTION_NS); }
/** Version 2.3 and before: writers disagreed on the order of the two lengths. */
@inline export function hasOldLengths(): bool { return load<u32>(CTX, OLD_LENGTHS) != 0; }
@inline export function setOldLengths(value: bool): void {
  store<u32>(CTX, value ? 1 : 0, OLD_LENGTHS);
}

/** pcapng: interfaces described in this section. */
@inline export function interfaceCount(): u32 { return load<u32>(CTX, INTERFACES); }
@inline export function setInterfaceCount(value: u32): void { store<u32>(CTX, value, INTERFACES); }

@inline export function captureErrorCode(): u32 { return load<u32>(CTX, ERROR); }
@inline export function errorOffset(): u64 { return load<u64>(CTX, ERROR_OFFSET); }

/** Reading stops at the offset; the first error stays. */
export function fail(code: u32, offset: u64): void {
  if (captureErrorCode() != CAPTURE_OK) return;
  store<u32>(CTX, code, ERROR);
  store<u64>(CTX, offset, ERROR_OFFSET);
}

/** A number in the byte order of the file. */
@inline
export function fileU32(p: usize): u32 {
  const value = load<u32>(p);
  return isSwapped() ? bswap<u32>(value) : value;
}

@inline
export function fileU16(p: usize): u32 {
  const value = load<u16>(p);
  return isSwapped() ? bswap<u16>(value) : value;
}
