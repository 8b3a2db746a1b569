/** Live, fixture, or neither: which source this run has, and why, in one line. */

import type { AgentConfig } from "./config.ts";

export type Decision =
  | { mode: "live"; reason: string }
  | { mode: "fixture"; path: string; reason: string }
  /** No source: the agent runs, reports itself unready and says why. */
  | { mode: "unavailable"; reason: string };

/**
 * `unavailable`: why live capture cannot be had, "" when the probe found nothing against it.
 * `sample`: path of the recording that comes with the package.
 */
export function decide(
  config: Pick<AgentConfig, "fixturePath" | "fixtureFallback">,
  unavailable: string,
  sample: string,
): Decision {
  if (config.fixturePath !== "") {
    const reason = "fixture_path is set";
    return { mode: "fixture", path: config.fixturePath, reason };
  }
  if (unavailable === "") return { mode: "live", reason: "the kernel allows live capture" };
  if (config.fixtureFallback) {
    const reason = `the packaged sample, as live capture is unavailable: ${unavailable}`;
    return { mode: "fixture", path: sample, reason };
  }
  return { mode: "unavailable", reason: unavailable };
}
