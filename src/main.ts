#!/usr/bin/env node
/** The binary. The only file that exits the process. */

import { runCli } from "./cli/program.ts";
import { systemServices } from "./cli/services.ts";

let outputLost = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads may stop early (`| head`): nothing is left to say to them.
  if (error.code === "EPIPE") process.exit(0);
  outputLost = true;
});
// A log that nobody can read any more is no reason to stop observing.
process.stderr.on("error", () => undefined);

const exitCode = await runCli(process.argv.slice(2), systemServices());
// Output to a pipe may still be on its way; a write after it is called back once it has left,
// and a fault of either is reported just after that.
await new Promise((resolve) => process.stdout.write("", resolve));
await new Promise((resolve) => process.stderr.write("", resolve));
setImmediate(() => process.exit(exitCode === 0 && outputLost ? 1 : exitCode));
