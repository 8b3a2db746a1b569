// Calls an addon file in a process of its own, as an attacker of the installed file would have it
// called: `node addon-caller.cjs ADDON ARGUMENT...`. One JSON line: what verifying its objects
// and capturing with those arguments came to, and how many BPF descriptors are open afterwards.
const { readdirSync, readFileSync } = require("node:fs");

const addon = require(process.argv[2]);

function attempt(body) {
  try {
    return { value: body() };
  } catch (error) {
    const { name, operation, errno, detail } = error;
    return { name, operation, errno, detail };
  }
}

// procfs makes the list while it is read: the descriptor of the listing itself is gone after it.
function bpfDescriptors() {
  return readdirSync("/proc/self/fdinfo").filter((fd) => {
    const info = attempt(() => readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")).value ?? "";
    return /^(?:prog|map|link)_id:/m.test(info);
  }).length;
}

const given = process.argv.slice(3).map((text) => JSON.parse(text));
const report = {
  exports: Object.keys(addon).sort(),
  methods: Object.getOwnPropertyNames(addon.FlowCapture.prototype).sort(),
  verified: attempt(() => addon.verifyEmbeddedObjects()),
  captured: attempt(() => new addon.FlowCapture(...given).programs.length),
};
process.stdout.write(JSON.stringify({ ...report, descriptors: bpfDescriptors() }));
