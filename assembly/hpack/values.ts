/**
 * What values of wanted fields mean: 24 bits each, so that no table keeps their text. Only a path
 * and a trace context are texts (path.ts, core/traceparent.ts).
 */
import {
  FIELD_CONTENT_TYPE,
  FIELD_GRPC_STATUS,
  FIELD_METHOD,
  FIELD_PATH,
  FIELD_STATUS,
  FIELD_TRACEPARENT,
} from "./names";
import { methodNumber } from "./methods";

/** grpc-status that is no number: UNKNOWN, as clients of gRPC take it. */
const GRPC_UNKNOWN: u32 = 2;

export const TYPE_OTHER: u32 = 0;
export const TYPE_GRPC: u32 = 1;
/** Its status may be in the body, where nothing is read. */
export const TYPE_GRPC_WEB: u32 = 2;

@inline
export function isTextField(field: u32): bool {
  return field == FIELD_PATH || field == FIELD_TRACEPARENT;
}

/** Method number · status 100..999, 0: none · TYPE_* of a media type · gRPC status. */
export function valueOf(field: u32, p: usize, length: u32): u32 {
  switch (field) {
    case FIELD_METHOD: return methodNumber(p, length);
    case FIELD_STATUS: return length == 3 ? decimal(p, length, 0) : 0;
    case FIELD_CONTENT_TYPE: return grpcType(p, length);
    case FIELD_GRPC_STATUS: return decimal(p, length, GRPC_UNKNOWN);
    default: return 0;
  }
}

function decimal(p: usize, length: u32, otherwise: u32): u32 {
  if (length == 0 || length > 6) return otherwise;
  let value: u32 = 0;
  for (const end = p + length; p < end; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) return otherwise;
    value = value * 10 + digit;
  }
  return value;
}

/** "application/grpc" or "application/grpc-web", any case, with whatever suffix. */
function grpcType(p: usize, length: u32): u32 {
  if (length < 16) return TYPE_OTHER;
  const lower: u64 = 0x2020202020202020;
  // The two halves as little-endian numbers.
  if ((load<u64>(p) | lower) != 0x746163696c707061) return TYPE_OTHER;
  if ((load<u64>(p, 8) | lower) != 0x637072672f6e6f69) return TYPE_OTHER;
  return length >= 20 && (load<u32>(p, 16) | 0x20202020) == 0x6265772d ? TYPE_GRPC_WEB : TYPE_GRPC;
}
