/** Everything the redaction module exports; the memory is exported beside it. */
import { buildNameTable } from "./http1/names";

export { STAGING_PTR } from "./abi";
export { SLOT_COUNT, STAGING_SIZE } from "./limits";
export { redact, reset } from "./redact";
export { selfTest } from "./self-test";

buildNameTable();
