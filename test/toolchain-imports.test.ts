/** The import rules, on small planted trees: what they forbid is reported by the rule's name. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CHECK_TIMEOUT_MS = 30_000;

const copies: string[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true, force: true });
});

/** Run the check on a checkout that has only these files below src/. */
function check(files: Record<string, string>) {
  const copy = mkdtempSync(join(tmpdir(), "imports-"));
  copies.push(copy);
  for (const name of ["scripts", ".dependency-cruiser.cjs", "tsconfig.json", "package.json"]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  mkdirSync(join(copy, "src"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, "src", path)), { recursive: true });
    writeFileSync(join(copy, "src", path), text);
  }
  const options = { cwd: copy, encoding: "utf8", timeout: CHECK_TIMEOUT_MS } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["scripts/check-imports.mjs"],
    options,
  );
  return { status, stdout, stderr };
}

const from = (...paths: string[]) => paths.map((path) => `import "${path}";\n`).join("");

it("passes the wiring of the architecture and counts the modules", () => {
  const result = check({
    "main.ts": `${from("./cli/program.ts")}process.exit(0);\n`,
    "cli/program.ts": from("../agent/pipeline.ts", "../model/leaf.ts"),
    "agent/pipeline.ts": from("../capture/addon.ts", "../flow/table.ts", "../policy/load.ts"),
    "agent/page.ts": 'import type { A } from "../flow/table.ts";\nexport type B = A;\n',
    "capture/addon.ts": `${from("../model/leaf.ts")}export const path = "addon.node";\n`,
    "flow/table.ts": `${from("../wasm/redactor.ts")}export type A = 1;\n`,
    "policy/load.ts": "export const { HOME } = process.env;\n",
    "wasm/redactor.ts": `${from("../model/leaf.ts")}export const { Instance } = WebAssembly;\n`,
    "wasm/redactor.test.ts": from("node:fs", "./redactor.ts"),
    "model/leaf.ts": "// process.exit(1) and process.env in a comment\nexport const leaf = 1;\n",
  });
  expect(result).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^imports: \d\d modules, no fault\n$/),
    stderr: "",
  });
});

/** One file for each fault, and what the report of it contains. */
const FAULTS: [path: string, text: string, report: string][] = [
  ["model/cycle.ts", from("./cycle.ts"), "no-cycle"],
  ["model/gone.ts", from("./nowhere.ts"), "resolvable"],
  ["model/up.ts", from("../flow/leaf.ts"), "model-imports-model"],
  ["wasm/up.ts", from("../flow/leaf.ts"), "wasm-imports-model"],
  ["flow/aside.ts", from("../emit/leaf.ts"), "flow-imports-wasm-and-model"],
  ["flow/core.ts", from("node:fs"), "environment-neutral"],
  ["emit/aside.ts", from("../enrich/leaf.ts"), "stage-imports-model"],
  ["capture/wasm.ts", from("../wasm/leaf.ts"), "stage-imports-model"],
  ["emit/package.ts", from("fast-check"), "declared-packages-only"],
  ["agent/up.ts", from("../cli/leaf.ts"), "agent-imports-stages-and-model"],
  ["agent/wires.ts", from("../flow/leaf.ts"), "pipeline-alone-wires-stages"],
  ["cli/deep.ts", from("../policy/leaf.ts"), "cli-imports-agent-and-model"],
  ["main.ts", from("./agent/leaf.ts"), "main-imports-cli-and-model"],
  ["page/model.js", from("../model/leaf.ts"), "page-imports-page"],
  ["cli/exit.ts", "process.exit(2);\n", "ends the process"],
  ["agent/env.ts", "export const e = process.env;\n", "reads the environment"],
  ["policy/one.ts", "export const e = process.env;\n", "reads the environment"],
  ["policy/two.ts", "export const e = process.env;\n", "reads the environment"],
  ["flow/wasm.ts", "new WebAssembly.Module(bytes);\n", "instantiates WASM"],
  ["agent/addon.ts", 'export const path = "x.node";\n', "loads the addon"],
];
const FOLDERS = ["model", "wasm", "flow", "emit", "enrich", "policy", "agent", "cli"];

it("reports every fault with its file", () => {
  const leaves = FOLDERS.map((folder) => [`${folder}/leaf.ts`, "export const leaf = 1;\n"]);
  const files = Object.fromEntries([...leaves, ...FAULTS]);
  const { status, stderr } = check(files);
  const lines = stderr.split("\n");
  for (const [path, , report] of FAULTS) {
    const matching = lines.filter(
      (line) => line.startsWith(`src/${path} `) && line.includes(report),
    );
    expect(matching, `${path}: ${report}`).toHaveLength(1);
  }
  const paths = lines.filter((line) => line.startsWith("src/")).map((line) => line.split(" ")[0]);
  expect(paths.sort()).toEqual(FAULTS.map(([path]) => `src/${path}`).sort());
  expect(status).toBe(1);
});

it("fails when it saw no module", () => {
  const { status, stderr } = check({
    "../tsconfig.json": '{ "files": ["other.ts"] }',
    "../other.ts": "",
  });
  expect([status, stderr]).toEqual([
    1,
    "setup: imports: no module was seen, so nothing was checked\n",
  ]);
});
