/** What lies where in HPACK_TABLE, and the scratch of a decoded block. */
import { CTX_PROTOCOLS } from "../core/ctx";
import { CTX, WORK } from "../core/memory";
import { HPACK_TABLE } from "../core/tables";

/** 4096 entries of 4 bytes: what 12 bits of Huffman code begin with. */
export const HUFFMAN_PAIRS: usize = HPACK_TABLE;
/** For each code length 16 bytes: { u64 end, left-aligned, u32 first code, u32 first index }. */
export const HUFFMAN_LENGTHS: usize = HPACK_TABLE + 0x4000;
/** Symbols in the order of their codes, u16 each. */
export const HUFFMAN_SYMBOLS: usize = HPACK_TABLE + 0x4200;
/** Code of each symbol, 8 bytes: { u32 code, u32 length }. */
export const HUFFMAN_CODES: usize = HPACK_TABLE + 0x4800;
/** 61 entries of 16 bytes, static-table.ts. */
export const STATIC_ENTRIES: usize = HPACK_TABLE + 0x5800;
/** Their texts, one behind the other. */
export const STATIC_TEXTS: usize = HPACK_TABLE + 0x5c00;
/** Names of wanted fields, 48 bytes each, names.ts. */
export const WANTED_NAMES: usize = HPACK_TABLE + 0x6400;
/** Registered methods, 24 bytes each, methods.ts. */
export const METHODS: usize = HPACK_TABLE + 0x6800;

/** The fields of the block decoded last, fields.ts. */
export const FIELDS: usize = CTX + CTX_PROTOCOLS + 512;

// Scratch in WORK behind its first 64 KiB, where the bytes at hand themselves may lie. Each is
// wiped before the module returns.

/** A header block that came in pieces, put together. */
export const BLOCK_AT: usize = WORK + 0x10000;
/** Most bytes of a header block; beyond it the block is lost, and with it the table. */
export const BLOCK_BYTES_MAX: u32 = 0x10000;
/** A value out of its Huffman code: at most 8/5 of BLOCK_BYTES_MAX. */
export const VALUE_AT: usize = WORK + 0x20000;
/** The text of the value read last: path or trace context. */
export const TEXT_AT: usize = WORK + 0x3a000;
/** The path of the block. */
export const PATH_AT: usize = WORK + 0x3d000;
