/**
 * Feeds a capture file to the module: what it did not take yet lies at the start of the input,
 * what comes next is put behind it.
 */

import { CAPTURE_FAULTS, type CaptureFaultCode } from "./abi.ts";
import type { ParserExports } from "./parser-module.ts";
import type { ParserRecord } from "./records.ts";

/** Why a capture was not read to its end. */
export interface CaptureFault {
  readonly code: CaptureFaultCode;
  /** Byte of the file (as it is when unpacked) at which it was noticed. */
  readonly offset: bigint;
}

export interface CaptureReader {
  /**
   * The next bytes of the file. They are taken over: zero afterwards, in every redaction mode.
   *
   * @returns batches of records; to be exhausted before anything else is called
   * @throws ParsersTrapped
   */
  push(bytes: Uint8Array): Generator<ParserRecord[], void>;
  /** The file is over: everything that is still open is closed. */
  finish(): Generator<ParserRecord[], void>;
  /** What was wrong with the file; what was read before it counts. */
  fault(): CaptureFault | undefined;
}

/** Calls into the module, guarded; takes the rows that the call wrote. */
type Enter = <T>(call: (exports: ParserExports, input: Uint8Array) => T) => {
  result: T;
  records: ParserRecord[];
};

export function createCaptureReader(enter: Enter): CaptureReader {
  /** Bytes at the start of the input that the module did not take yet. */
  let held = 0;

  /** Hands over what is held until the module takes no more of it. */
  function* pump(isLast: boolean): Generator<ParserRecord[], void> {
    for (;;) {
      const { result: taken, records } = enter((exports, input) => {
        const size = exports.captureFeed(held, isLast ? 1 : 0);
        input.copyWithin(0, size, held);
        input.fill(0, held - size, held);
        return size;
      });
      held -= taken;
      if (records.length > 0) yield records;
      else if (taken === 0) return;
    }
  }

  return {
    *push(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        const part = enter((_exports, input) => {
          const free = bytes.subarray(offset, offset + input.length - held);
          input.set(free, held);
          return free;
        }).result;
        // A full input of which nothing is taken would go on for ever.
        if (part.length === 0) throw new Error("the capture reader is stuck");
        held += part.length;
        offset += part.length;
        part.fill(0);
        yield* pump(false);
      }
    },
    *finish() {
      yield* pump(true);
      held = 0;
      for (let isDone = false; !isDone; ) {
        const { result, records } = enter((exports, input) => {
          input.fill(0);
          return exports.captureFinish() !== 0;
        });
        if (records.length > 0) yield records;
        isDone = result;
      }
    },
    fault() {
      const { result } = enter((exports) => ({
        code: CAPTURE_FAULTS[exports.captureError()],
        offset: BigInt.asUintN(64, exports.captureErrorOffset()),
      }));
      return result.code === undefined ? undefined : { code: result.code, offset: result.offset };
    },
  };
}
