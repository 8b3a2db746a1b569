/** What the tests of net/ and pcap/ drive, with stream-sink.as in place of the protocols. */
import { CTX_COUNTERS } from "./core/ctx";
import { INPUT_SIZE } from "./core/limits";
import { BLOCKS, CONNS, CTX, CTX_SIZE, HASH, INPUT, MEMORY_END, ROWS, WORK } from "./core/memory";
import { setEmitFlows } from "./core/conn";
import { blocksInUse, initPool } from "./core/pool";
import { captureBegin } from "./pcap/capture";

export const INPUT_PTR: usize = INPUT;
export const INPUT_BYTES: u32 = INPUT_SIZE;
export const ROWS_PTR: usize = ROWS;
export const LOG_PTR: usize = WORK;
export const COUNTERS_PTR: usize = CTX + CTX_COUNTERS;
export const CONNS_PTR: usize = CONNS;
export { captureError, captureErrorOffset, captureFeed, captureFinish } from "./pcap/capture";
export { clearOutput, rowCount } from "./core/out";
export { clearLog, logUsed } from "./core/stream";
export { blocksInUse };

export function reset(flows: bool): void {
  memory.fill(CTX, 0, CTX_SIZE);
  memory.fill(CONNS, 0, BLOCKS - CONNS);
  memory.fill(BLOCKS, 0, MEMORY_END - BLOCKS);
  initPool();
  captureBegin();
  setEmitFlows(flows);
}

initPool();
