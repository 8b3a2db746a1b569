/** The command line's services on a real host. */

import { systemHost } from "../agent/config.ts";
import { agentVersion } from "../agent/version.ts";
import type { Services } from "./program.ts";

/** What only one command needs is loaded by that command: `--help` loads no addon and no bus. */
export function systemServices(): Services {
  return {
    version: agentVersion(),
    host: systemHost(),
    stdout: process.stdout,
    stderr: process.stderr,
    runAgent: async (config, log) => {
      const { runAgent } = await import("../agent/runtime.ts");
      await runAgent(config, log);
    },
    probeHost: async () => {
      const { probeHost } = await import("../agent/probe.ts");
      return probeHost();
    },
    inspectFiles: async (request) => {
      const { inspectFiles } = await import("../agent/inspect.ts");
      await inspectFiles(request, { stdout: process.stdout, stderr: process.stderr });
    },
  };
}
