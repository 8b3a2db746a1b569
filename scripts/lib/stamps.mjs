/**
 * Which build steps are stale. A stamp holds the hash of a step's inputs and the size and time
 * of each output; inputs go by content, so a checkout that touches times rebuilds nothing.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { root } from "./run.mjs";

const STAMPS = join(root, "build/.stamp.json");

/** Files below a path of the checkout (itself when it is a file), sorted, relative to the root. */
export function filesBelow(path, keep = () => true) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  if (statSync(absolute).isFile()) return [path];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter(keep)
    .sort();
}

/**
 * @param {string[]} files relative to the root; their content counts
 * @param {string[]} tools absolute paths; what file they lead to, its size and its time count
 */
export function hashInputs(files, tools = []) {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  for (const tool of tools) {
    const path = realpathSync(tool);
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex");
}

/** True when the step was finished with these inputs and its outputs are as it left them. */
export function isFresh(name, inputsHash) {
  const stamp = readStamps()[name];
  if (stamp?.inputs !== inputsHash) return false;
  return stamp.outputs.every((known) => {
    const now = describe(known.path);
    return now !== undefined && now.size === known.size && now.mtimeMs === known.mtimeMs;
  });
}

/** @param {string[]} outputs relative to the root */
export function markFresh(name, inputsHash, outputs) {
  const stamps = readStamps();
  stamps[name] = { inputs: inputsHash, outputs: outputs.map(describe) };
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(`${STAMPS}.new`, `${JSON.stringify(stamps, null, 1)}\n`);
  renameSync(`${STAMPS}.new`, STAMPS);
}

function describe(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  return stat && { path, size: stat.size, mtimeMs: stat.mtimeMs };
}

function readStamps() {
  if (!existsSync(STAMPS)) return {};
  try {
    return JSON.parse(readFileSync(STAMPS, "utf8"));
  } catch (error) {
    // A torn file only costs one rebuild.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
