/**
 * Who may import whom (.dependency-cruiser.cjs), plus the four things one place alone may do.
 * Fails when it saw no module: a cruiser that cannot read TypeScript passes everything.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ending, root, runScript, SetupError } from "./lib/run.mjs";
import { filesBelow } from "./lib/stamps.mjs";

const TIMEOUT_MS = 120_000;

/** A text that may stand in the code of `where` alone, and there in one file. */
const SINGLE_PLACES = [
  { what: "ends the process", text: /\bprocess\.exit\(/, where: /^src\/main\.ts$/ },
  { what: "reads the environment", text: /\bprocess\.env\b/, where: /^src\/policy\// },
  { what: "instantiates WASM", text: /\bWebAssembly\b/, where: /^src\/wasm\// },
  {
    what: "loads the addon",
    text: /\.node["'`]|\bprocess\.dlopen\b/,
    where: /^src\/capture\/addon\.ts$/,
  },
];

function cruise() {
  const script = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [script, "--config", ".dependency-cruiser.cjs", "--output-type", "json", "src"];
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 << 20,
    timeout: TIMEOUT_MS,
  });
  // Its exit code is the number of violations: only unreadable output means it did not run.
  if (!result.stdout?.startsWith("{")) {
    throw new SetupError(`depcruise: ${ending(result, TIMEOUT_MS)}\n${result.stderr ?? ""}`);
  }
  const { summary } = JSON.parse(result.stdout);
  const lines = summary.violations
    .filter((violation) => violation.rule.severity === "error")
    .map(({ rule, from, to }) => `${from} -> ${to}: ${rule.name}`);
  return { modules: summary.totalCruised, lines };
}

function checkSinglePlaces() {
  const sources = filesBelow("src", (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
  const code = sources.map((path) => ({ path, text: withoutComments(path) }));
  return SINGLE_PLACES.flatMap(({ what, text, where }) => {
    const users = code.filter((file) => text.test(file.text)).map((file) => file.path);
    const strays = users.filter((path) => !where.test(path));
    const placed = users.filter((path) => where.test(path));
    const rivals = placed.length > 1 ? placed : [];
    return [...strays, ...rivals].map((path) => `${path} ${what}: one file in ${where} alone may`);
  });
}

function withoutComments(path) {
  return readFileSync(join(root, path), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

await runScript(() => {
  const { modules, lines } = cruise();
  if (modules === 0) throw new SetupError("imports: no module was seen, so nothing was checked");
  const faults = [...lines, ...checkSinglePlaces()];
  if (faults.length > 0) throw new SetupError(`imports:\n${faults.join("\n")}`);
  process.stdout.write(`imports: ${modules} modules, no fault\n`);
});
