/**
 * The status of a gRPC call that ends without `grpc-status`: gRPC over HTTP/2, "Errors", and "HTTP
 * to gRPC Status Code Mapping". Numbers of statuses: google.rpc.Code.
 */
const CANCELLED: u32 = 1;
const UNKNOWN: u32 = 2;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;

/** Of the HTTP status of a response that has none, 200 included. */
export function grpcStatusOfHttp(status: u32): u32 {
  switch (status) {
    case 400: return INTERNAL;
    case 401: return UNAUTHENTICATED;
    case 403: return PERMISSION_DENIED;
    case 404: return UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504: return UNAVAILABLE;
    default: return UNKNOWN;
  }
}

/** Of the error code (RFC 9113 7) of the RST_STREAM that ended the stream. */
export function grpcStatusOfReset(code: u32): u32 {
  switch (code) {
    case 5: return UNKNOWN; // STREAM_CLOSED: no mapping
    case 7: return UNAVAILABLE; // REFUSED_STREAM: nothing was processed
    case 8: return CANCELLED;
    case 11: return RESOURCE_EXHAUSTED; // ENHANCE_YOUR_CALM
    case 12: return PERMISSION_DENIED; // INADEQUATE_SECURITY
    default: return code <= 10 ? INTERNAL : UNKNOWN;
  }
}
