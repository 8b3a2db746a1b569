#!/usr/bin/env node
/** The binary. The only file that exits the process. */

import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "./cli/program.ts";
import { systemServices } from "./cli/services.ts";

const OUTPUT_TIMEOUT_MS = 2_000;

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
// and a fault of either is reported just after that. A reader that stalls is not waited for.
const outputLeft = [process.stdout, process.stderr].map(
  (stream) => new Promise((resolve) => stream.write("", resolve)),
);
await Promise.race([Promise.all(outputLeft), sleep(OUTPUT_TIMEOUT_MS)]);
setImmediate(() => process.exit(exitCode === 0 && outputLost ? 1 : exitCode));
