/** The capability probe of this host, with what is known of the compiled addon. */

import { addonStatus } from "../capture/addon.ts";
import {
  type CapabilityReport,
  formatProbe,
  probeCapabilities,
  systemProbeEnvironment,
} from "../capture/probe.ts";

export interface ProbeResult {
  /** What `probe --json` prints and the line at start carries; its keys are a promise to scripts. */
  readonly report: CapabilityReport;
  /** The same for people, several lines. */
  readonly text: string;
}

/** Reads the host anew. What a host lacks is in the report; nothing is thrown for it. */
export function probeHost(): ProbeResult {
  const roots = { procRoot: "/proc", sysRoot: "/sys", addon: addonStatus() };
  const report = probeCapabilities(systemProbeEnvironment(roots));
  return { report, text: formatProbe(report) };
}
