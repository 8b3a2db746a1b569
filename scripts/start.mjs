/**
 * `npm start [-- options]`: set up, then watch this host on the profile `local`.
 *
 * The agent runs in this process, so that its pid, signals and exit code are those of the command.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, runScript } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await runScript(async () => {
  await setup();
  const main = join(root, "dist/main.js");
  process.argv = [process.execPath, main, "run", "--profile", "local", ...process.argv.slice(2)];
  await import(pathToFileURL(main).href);
});
