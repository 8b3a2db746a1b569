/**
 * The build: `node scripts/build.mjs [step...]`, all steps by default, each only when stale.
 *
 *   wasm    assembly/      -> build/wasm/{redact,parsers}.wasm
 *   bpf     bpf/           -> build/bpf/<name>.bpf.o
 *   embed   build/bpf/     -> build/generated/objects.{S,gen.h}
 *   native  native/        -> build/native/probectl_bpf.node
 *   js      src/           -> dist/
 *
 * A step this host cannot do is skipped with its reason; the rest of the product works without.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { bpfNames, compileObjects, embedObjects } from "./lib/bpf.mjs";
import { buildPackages, missingPackages } from "./lib/packages.mjs";
import { commandOnPath, isMain, root, runScript, runTool, SetupError, say } from "./lib/run.mjs";
import { filesBelow, hashInputs, isFresh, markFresh } from "./lib/stamps.mjs";

const WASM = "build/wasm";
/** Pages of the parser module: its memory map (assembly/core/memory.ts) and room to grow it. */
const PARSERS_PAGES = "800";
const ADDON = "build/native/probectl_bpf.node";
const SCRIPTS = ["scripts/build.mjs", ...filesBelow("scripts/lib")];
const isProduct = (path) => !/\.test\.ts$|tsconfig\.json$/.test(path);

/**
 * @typedef {object} Step
 * @property {() => string[]} files inputs, relative to the root
 * @property {() => string[]} [tools] absolute paths of compilers that count as input
 * @property {() => string} blocked why this host cannot do the step, or ""
 * @property {() => string[]} run does it; the outputs, relative to the root
 */

/** @type {Record<string, Step>} in the order they are run */
const steps = {
  wasm: {
    files: () => [...filesBelow("assembly"), "asconfig.json", "package-lock.json"],
    blocked: () => "",
    run: buildWasm,
  },
  bpf: {
    files: () => filesBelow("bpf"),
    tools: () => [commandOnPath("clang"), commandOnPath("llvm-strip")],
    blocked: kernelBuildBlocked,
    run: compileObjects,
  },
  embed: {
    files: () => filesBelow("build/bpf"),
    blocked: () => (filesBelow("build/bpf").length === 0 ? "no objects in build/bpf" : ""),
    run: embedObjects,
  },
  native: {
    files: () => [
      ...filesBelow("native", (path) => !path.startsWith("native/build/")),
      ...filesBelow("bpf/include"),
      ...filesBelow("build/generated"),
      "package-lock.json",
    ],
    tools: () => [commandOnPath("g++")],
    blocked: nativeBlocked,
    run: buildNative,
  },
  js: {
    files: () => [
      ...filesBelow("src", isProduct),
      "tsconfig.json",
      "tsconfig.types.json",
      "package-lock.json",
    ],
    blocked: () => "",
    run: buildJs,
  },
};

function kernelBuildBlocked() {
  if (process.platform !== "linux") return `${process.platform} is not Linux`;
  const missing = missingPackages(buildPackages);
  if (missing.length > 0) return `missing ${missing.join(" ")}, see npm run setup`;
  return bpfNames().length === 0 ? "no bpf/*.bpf.c" : "";
}

function nativeBlocked() {
  if (!existsSync(join(root, "native/binding.gyp"))) return "no native/binding.gyp";
  if (!existsSync(join(root, "build/generated/objects.S"))) return "no kernel objects to embed";
  return kernelBuildBlocked();
}

function buildWasm() {
  mkdirSync(join(root, WASM), { recursive: true });
  return [
    compileWasm("redact", "--config", "asconfig.json", "--target", "release"),
    compileWasm("parsers", "assembly/parsers.ts", "--config", "none", ...parserOptions()),
  ];
}

/** Zero imports, a memory that is there from the start and cannot grow, no allocator. */
function parserOptions() {
  const module = ["--runtime", "stub", "--use", "abort=", "--noAssert", "-O2"];
  const features = ["--enable", "simd", "--enable", "bulk-memory"];
  const memory = ["--initialMemory", PARSERS_PAGES, "--maximumMemory", PARSERS_PAGES];
  return [...module, ...features, ...memory];
}

/** Whole or not at all: a test that runs meanwhile reads the old module. */
function compileWasm(name, ...options) {
  const path = `${WASM}/${name}.wasm`;
  const fresh = `${path}.${process.pid}`;
  node(`asc ${name}`, "assemblyscript/bin/asc.js", ...options, "--outFile", fresh);
  renameSync(join(root, fresh), join(root, path));
  return path;
}

function buildNative() {
  const headers = join(dirname(process.execPath), "..");
  const local = existsSync(join(headers, "include/node/node_api.h"));
  const flags = local ? [`--nodedir=${headers}`] : [];
  node("node-gyp", "node-gyp/bin/node-gyp.js", "configure", "build", "-C", "native", ...flags);
  mkdirSync(join(root, dirname(ADDON)), { recursive: true });
  // A running agent has the old file mapped: replace the name, never the bytes below it.
  copyFileSync(join(root, "native/build/Release/probectl_bpf.node"), join(root, `${ADDON}.new`));
  renameSync(join(root, `${ADDON}.new`), join(root, ADDON));
  return [ADDON];
}

function buildJs() {
  // Whole or not at all: who starts the agent meanwhile finds the old one.
  const fresh = join(root, "build/dist");
  rmSync(fresh, { recursive: true, force: true });
  // The program, then the types of what others may import (exports in package.json).
  for (const project of ["tsconfig.json", "tsconfig.types.json"]) {
    node("tsc", "typescript/bin/tsc", "-p", project, "--outDir", "build/dist");
  }
  for (const asset of ["page", "emit/flow.proto"]) {
    const source = join(root, "src", asset);
    if (!existsSync(source)) continue;
    cpSync(source, join(fresh, asset), { recursive: true, filter: isProduct });
  }
  rmSync(join(root, "dist"), { recursive: true, force: true });
  renameSync(fresh, join(root, "dist"));
  return filesBelow("dist");
}

function node(what, script, ...args) {
  runTool(what, process.execPath, [join(root, "node_modules", script), ...args]);
}

/**
 * Run the named steps that are stale, in order.
 *
 * @throws {SetupError} when a step fails; later steps are not run
 */
export function build(names = Object.keys(steps)) {
  const unknown = names.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    throw new SetupError(
      `no build step ${unknown[0]}: choose from ${Object.keys(steps).join(" ")}`,
    );
  }
  for (const name of Object.keys(steps).filter((step) => names.includes(step))) buildStep(name);
}

function buildStep(name) {
  const step = steps[name];
  const blocked = step.blocked();
  if (blocked !== "") {
    say(`${name} skipped: ${blocked}`);
    return;
  }
  const inputs = hashInputs([...step.files(), ...SCRIPTS], step.tools?.());
  if (isFresh(name, inputs)) return;
  say(`building ${name}`);
  markFresh(name, inputs, step.run());
}

if (isMain(import.meta.url)) {
  const names = process.argv.slice(2);
  await runScript(() => build(names.length > 0 ? names : undefined));
}
