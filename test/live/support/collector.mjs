// Runs the built live source in a process of its own, so that a test can give that process
// fewer rights: one JSON line out per event, one word in per command.
//
//   node collector.mjs RING_BYTES [oldest-hooks]
//     out  {"ready":audit} | {"failed":message} | {"records":base64} | {"metrics":[...]} | {"done":word}
//     in   collect | metrics | stop
import { createInterface } from "node:readline";
import { createLiveSource } from "../../../dist/capture/live.js";

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
let audit;
const source = createLiveSource({
  ringBufferBytes: Number(process.argv[2]),
  oldestHooks: process.argv[3] === "oldest-hooks",
  onLoaded: (loaded) => {
    audit = loaded;
  },
});

try {
  await source.start((records) => say({ records: Buffer.from(records).toString("base64") }));
} catch (error) {
  say({ failed: error.message, code: error.code });
  process.exit(1);
}
say({ ready: audit });
for await (const word of createInterface({ input: process.stdin })) {
  if (word === "collect") source.collect();
  if (word === "metrics") say({ metrics: source.metrics() });
  if (word === "stop") await source.stop();
  say({ done: word });
  if (word === "stop") break;
}
process.stdin.destroy();
