/**
 * There is no door for a kernel object from outside: no call in the native code that could open
 * one, no key, variable or flag that could name one, and one constant path to the addon.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { environmentName, KEYS, settingOf } from "../src/policy/settings.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function sources(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => ending.test(path) && !path.startsWith("build"))
    .map((path) => join(folder, path))
    .sort();
}

/** The files in which the code, comments aside, has a match. */
function filesWith(files: string[], pattern: RegExp): string[] {
  return files.filter((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ""));
  });
}

describe("native code", () => {
  const native = sources("native", /\.(?:cc|c|h)$/).filter((file) => file !== "native/prove.cc");

  it("opens an object from the addon's own memory, in one place", () => {
    expect(native.length).toBeGreaterThan(5);
    expect(filesWith(native, /bpf_object__open_mem\(/)).toEqual(["native/flow_capture.cc"]);
    expect(filesWith(native, /bpf_object__open_mem\(found->start,/)).toHaveLength(1);
  });

  it("has no call that opens a file, a library or a pinned object, or reads the environment", () => {
    const opening =
      /bpf_object__open_(?:file|buffer|skeleton)|bpf_object__open\(|bpf_obj_get\(|bpf_prog_load\(|\b(?:fopen|openat|open64|dlopen|getenv|secure_getenv)\b|[^\w:>.]open\("|std::(?:i|o)?fstream|std::filesystem/;
    expect(filesWith(native, opening)).toEqual([]);
    // The test program that runs the proof over plants is what the pattern must find.
    expect(filesWith(["native/prove.cc"], opening)).toEqual(["native/prove.cc"]);
  });
});

describe("host code", () => {
  it("loads one addon, from one constant path", () => {
    const files = sources("src", /\.ts$/).filter((file) => !file.endsWith(".test.ts"));
    expect(files.length).toBeGreaterThan(50);
    const loading = /\bcreateRequire\b|\bdlopen\b|\brequire\(|process\.binding|\.node"/;
    expect(filesWith(files, loading)).toEqual(["src/capture/addon.ts"]);
    const loader = readFileSync(join(ROOT, "src/capture/addon.ts"), "utf8");
    expect(loader).toContain('const ADDON_PATH = "../../build/native/probectl_bpf.node";');
    expect(loader.match(/createRequire\([^)]*\)\([^)]*\)/g)).toEqual([
      "createRequire(import.meta.url)(ADDON_PATH)",
    ]);
  });

  it("has no key, environment variable or flag about what runs in the kernel", () => {
    const naming = /obj|elf|bpf|btf|program|prog_|module|addon|native|kernel_image|load/i;
    const names = KEYS.flatMap((key) => [
      key,
      environmentName(key).replace("PROBECTL_EBPF_", ""),
      settingOf(key).flag?.name ?? "",
    ]);
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name) => naming.test(name))).toEqual([]);
    expect(naming.test("bpf_object_path")).toBe(true);
  });
});
