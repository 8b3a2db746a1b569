/**
 * The host's copy of the parser module's numbers. Owners: assembly/core/*.ts and
 * assembly/parsers.ts; abi.test.ts compares the two, `ABI_VERSION` and the constants that the
 * module exports are compared at every instantiation. docs/abi.md tells how they are used.
 */

export const ABI_VERSION = 1;

/** Bytes of one output row, and of the ends of a connection. */
export const ROW_BYTES = 192;
export const ENDS_BYTES = 40;

/** What a call into the module returns when its arguments name what does not exist. */
export const BAD_CALL = 0xffff_ffff;

/** Redaction modes by their number in the module. */
export const MODES = ["headers", "full", "length"] as const;
export type RedactionMode = (typeof MODES)[number];

/** What of path, DNS name and topic leaves, by its number in the module. */
export const RESOURCE_MODES = ["full", "template", "off"] as const;
export type ResourceMode = (typeof RESOURCE_MODES)[number];

/** Protocols by their number; the first two are no protocol of ours. */
export const PROTOCOLS = ["", "", "http1", "http2", "dns", "kafka", "grpc"] as const;
export type Protocol = Exclude<(typeof PROTOCOLS)[number], "">;

export const ROW_CALL = 1;
export const ROW_FLOW = 2;

/** Bits of the flags of a row. */
export const ROW_FLAG = { error: 1, encrypted: 2, trace: 4, methodIsResource: 8 } as const;

/** Offsets in a row, bytes. Those from `bytesSent` on are of flows, at the places of a call's. */
export const ROW = {
  kind: 0,
  connection: 4,
  protocol: 8,
  flags: 9,
  family: 10,
  methodLength: 11,
  notes: 12,
  start: 16,
  latency: 24,
  firstByteLatency: 32,
  requestBytes: 40,
  responseBytes: 48,
  resourceOffset: 56,
  resourceLength: 60,
  clientPort: 64,
  serverPort: 66,
  statusLength: 68,
  transport: 69,
  clientAddress: 72,
  serverAddress: 88,
  traceId: 104,
  parentSpanId: 120,
  method: 128,
  status: 176,
  duration: 24,
  bytesSent: 40,
  bytesReceived: 48,
  packetsSent: 56,
  packetsReceived: 60,
} as const;

/** A latency that nobody knows: the response never came. */
export const UNKNOWN_LATENCY = 0xffff_ffff_ffff_ffffn;

/** Offsets in the ends of a connection, bytes. */
export const ENDS = {
  transport: 0,
  family: 1,
  clientPort: 2,
  serverPort: 4,
  clientAddress: 8,
  serverAddress: 24,
} as const;

export const TRANSPORTS = { 6: "tcp", 17: "udp" } as const;
export const FAMILIES = { 4: "ipv4", 6: "ipv6" } as const;

/** What is said of a call, by the bit of its note: a closed list, additive only. */
export const NOTES = [
  "no_response",
  "request_gap",
  "response_gap",
  "resource_cut",
  "mid_join",
  "reset",
  "evicted",
  "timeout",
  "retried",
  "upgraded",
  "unknown_field",
  "interim",
  "trailers_only",
  "pushed",
  "status_from_http",
  "topic_unresolved",
  "malformed",
  "truncated",
] as const;
export type Note = (typeof NOTES)[number];

/** Counters by their index in the module; the gaps are free. */
export const COUNTERS = {
  calls: 0,
  calls_unanswered: 1,
  responses_orphaned: 2,
  conns_evicted: 3,
  blocks_refused: 4,
  malformed: 5,
  unknown: 6,
  gaps: 7,
  gap_bytes: 8,
  withdrawn: 9,
  over_limit: 10,
  bytes: 11,
  bytes_redacted: 12,
  calls_unreported: 13,
  packets: 16,
  packet_bytes: 17,
  packets_undecoded: 18,
  packets_truncated: 19,
  fragments: 20,
  fragments_dropped: 21,
  tcp_segments: 22,
  tcp_retransmitted: 23,
  tcp_out_of_order: 24,
  tcp_dropped: 25,
  udp_datagrams: 26,
  capture_blocks_skipped: 27,
  tcp_bytes_dropped: 28,
} as const;
export type CounterName = keyof typeof COUNTERS;

/** What can be wrong with a capture file, by its number; 0 is nothing. */
export const CAPTURE_FAULTS = [
  undefined,
  "not_a_capture",
  "truncated",
  "bad_block",
  "bad_section",
] as const;
export type CaptureFaultCode = Exclude<(typeof CAPTURE_FAULTS)[number], undefined>;
