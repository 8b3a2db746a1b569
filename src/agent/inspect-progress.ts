/** How far `inspect` is in a long file: one line on a terminal, redrawn in place. */

import type { CaptureFile } from "./inspect-source.ts";

const REDRAW_MS = 250;
const ERASE_LINE = "\r\u001b[K";

export interface Progress {
  /** Redraws when it is time. */
  tick(file: string, capture: CaptureFile): void;
  /** Makes room: other text goes to the same terminal. */
  clear(): void;
}

/** @param write to the terminal; without one nothing is shown */
export function createProgress(
  write: ((text: string) => unknown) | undefined,
  nowMs: () => number = () => performance.now(),
): Progress {
  let drawnMs = nowMs();
  let isDrawn = false;
  return {
    tick(file, capture) {
      if (write === undefined || nowMs() - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs();
      isDrawn = true;
      const percent = Math.floor((100 * capture.bytesRead()) / Math.max(1, capture.size));
      write(`${ERASE_LINE}${file}: ${Math.min(100, percent)}%`);
    },
    clear() {
      if (isDrawn) write?.(ERASE_LINE);
      isDrawn = false;
    },
  };
}
