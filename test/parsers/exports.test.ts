/** What others import: probectl-ebpf-agent/parsers, its types and its module. From dist/. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TIMEOUT_MS = 60_000;

/** Below the package, so that the name of the package means this checkout. */
let directory = "";
beforeAll(() => {
  mkdirSync(join(ROOT, "build/test"), { recursive: true });
  directory = mkdtempSync(join(ROOT, "build/test/exports-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const EXAMPLE = `
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CallRecord, createParsers, type Ends } from "probectl-ebpf-agent/parsers";

const file = fileURLToPath(import.meta.resolve("probectl-ebpf-agent/parsers.wasm"));
const parsers = createParsers(readFileSync(file), { flows: true, resource: "template" });
const ends: Ends = {
  transport: "tcp",
  client: { address: Uint8Array.of(192, 0, 2, 1), port: 40000 },
  server: { address: Uint8Array.of(192, 0, 2, 2), port: 9 },
};
const bytes = Uint8Array.of(1, 2, 3);
const records = [...parsers.chunk(ends, "client", bytes, 1n), ...parsers.end(ends, 2n)];
const isCall = (record: object): record is CallRecord => "method" in record;
console.log(records.filter((record) => !isCall(record)).length, bytes.join(""));
`;

function run(script: string, ...args: string[]) {
  const options = { cwd: directory, encoding: "utf8", timeout: TIMEOUT_MS } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
  return { status, output: stdout + stderr };
}

it(
  "compiles against the types and runs against the build",
  () => {
    writeFileSync(join(directory, "example.mts"), EXAMPLE);
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const strict = [
      "--ignoreConfig",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--types",
      "node",
    ];
    expect(run(tsc, ...strict, "example.mts")).toEqual({ status: 0, output: "" });
    expect(run("example.mjs")).toEqual({ status: 0, output: "1 000\n" });
  },
  TIMEOUT_MS,
);
