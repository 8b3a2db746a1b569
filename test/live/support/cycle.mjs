// Starts and stops the built live source again and again in one process, and tells what that
// process holds: `node --expose-gc cycle.mjs WARM_UP ROUNDS` prints one JSON line [before, after].
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createLiveSource } from "../../../dist/capture/live.js";

async function rounds(count) {
  for (let round = 0; round < count; round++) {
    const source = createLiveSource({ ringBufferBytes: 1024 * 1024, onLoaded: () => undefined });
    await source.start(() => undefined);
    source.collect();
    await source.stop();
    // The handle of the ring is closed at the end of a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Node itself opens its standard streams and pipes when it first needs them. */
function descriptors() {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /^(?:pipe:|socket:|\/dev\/null)/.test(target) ? [] : [target];
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      return []; // that of the listing itself
    }
  });
}

function usage() {
  globalThis.gc();
  const statm = readFileSync("/proc/self/statm", "utf8").split(" ");
  return { descriptors: descriptors().sort(), residentPages: Number(statm[1]) };
}

const [warmUp, measured] = process.argv.slice(2).map(Number);
await rounds(warmUp);
const before = usage();
await rounds(measured);
process.stdout.write(JSON.stringify([before, usage()]));
