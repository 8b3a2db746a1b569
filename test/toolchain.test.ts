/**
 * The build scripts, run as a newcomer runs them: in a copy of the few files they need, with the
 * packages of this checkout. Nothing here installs anything.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "./support/require.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUILD_TIMEOUT_MS = 60_000;
const PROGRAM = `
#include "planted.h"
#define SEC(name) __attribute__((section(name), used))
unsigned int planted_count SEC(".data");
SEC("raw_tp/sys_enter") int planted(void *context)
{
	if (context)
		planted_count += PLANTED;
	return 0;
}
char _license[] SEC("license") = "GPL";
`;

const copies: string[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true, force: true });
});

/** A checkout with one BPF program and one WASM module, at a path of its own. */
function checkout(below = "."): string {
  const top = mkdtempSync(join(tmpdir(), "toolchain-"));
  copies.push(top);
  const copy = join(top, below);
  mkdirSync(copy, { recursive: true });
  for (const name of ["scripts", "assembly", "asconfig.json", "package-lock.json"]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  write(copy, "bpf/planted.bpf.c", PROGRAM);
  write(copy, "bpf/include/planted.h", "#define PLANTED 3\n");
  return copy;
}

function write(copy: string, path: string, text: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  writeFileSync(join(copy, path), text);
}

function build(copy: string, steps: string[], path = process.env.PATH) {
  const result = spawnSync(process.execPath, ["scripts/build.mjs", ...steps], {
    cwd: copy,
    encoding: "utf8",
    env: { PATH: path },
    timeout: BUILD_TIMEOUT_MS,
  });
  return { code: result.status, output: result.stderr };
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, name)));
}

/** What the `bpf` step asks for, or why a test of it cannot run here. */
function kernelToolchain(): string | true {
  if (process.platform !== "linux") return `${process.platform} is not Linux`;
  const missing = ["clang", "llvm-strip", "g++", "make", "python3"].filter((name) => !onPath(name));
  if (!existsSync("/usr/include/bpf/bpf_helpers.h")) missing.push("libbpf headers");
  return missing.length === 0 || `missing ${missing.join(", ")}`;
}

describe("kernel objects", () => {
  it("are the same bytes wherever the checkout lies", (ctx) => {
    requireOrSkip(ctx, kernelToolchain(), "the compilers of the live build");
    const objects = [checkout(), checkout("a/much/longer path")].map((copy) => {
      expect(build(copy, ["bpf"])).toEqual({ code: 0, output: "setup: building bpf\n" });
      return readFileSync(join(copy, "build/bpf/planted.bpf.o"));
    });
    expect(objects[0]?.equals(objects[1] ?? Buffer.of())).toBe(true);
    const names = objects[0]?.toString("latin1") ?? "";
    expect(names).toContain(".BTF.ext");
    expect(names).not.toContain(".debug_info");
    expect(names).not.toContain(tmpdir());
  });

  it("are embedded with their SHA-256, and a changed header is noticed", (ctx) => {
    requireOrSkip(ctx, kernelToolchain(), "the compilers of the live build");
    const copy = checkout();
    const digests = ["#define PLANTED 3\n", "#define PLANTED 4\n"].map((header) => {
      write(copy, "bpf/include/planted.h", header);
      const { code, output } = build(copy, ["bpf", "embed"]);
      expect([code, output]).toEqual([0, "setup: building bpf\nsetup: building embed\n"]);
      return embeddedDigest(copy);
    });
    expect(digests[0]).not.toBe(digests[1]);
  });

  it("that do not compile stop the build with the compiler's words", (ctx) => {
    requireOrSkip(ctx, kernelToolchain(), "the compilers of the live build");
    const copy = checkout();
    write(copy, "bpf/include/planted.h", "#define PLANTED undeclared\n");
    const { code, output } = build(copy, ["bpf", "embed"]);
    expect(code).toBe(1);
    expect(output).toMatch(/clang bpf\/planted\.bpf\.c failed \(exit code 1\)\n.*undeclared/s);
    expect(output).not.toContain("building embed");
  });
});

/** Links the generated table into a program and has that program hash what was embedded. */
function embeddedDigest(copy: string): string {
  const program = `#include <stdio.h>
#include "objects.gen.h"
int main(void) {
  const struct embedded_object *object = &embedded_objects[0];
  fwrite(object->start, 1, object->end - object->start, stdout);
  for (int at = 0; at < 32; at++) fprintf(stderr, "%02x", object->sha256[at]);
  return fprintf(stderr, " %s", object->name) < 0;
}`;
  write(copy, "native/build/show.c", program);
  const cwd = join(copy, "native/build");
  const compile = [
    "-x",
    "c",
    "show.c",
    "-x",
    "assembler-with-cpp",
    "../../build/generated/objects.S",
  ];
  const flags = ["-Wall", "-Werror", "-I../../build/generated", ...compile, "-o", "show"];
  expect(spawnSync("g++", flags, { cwd, encoding: "utf8", timeout: BUILD_TIMEOUT_MS }).stderr).toBe(
    "",
  );
  const shown = spawnSync(join(cwd, "show"), { timeout: BUILD_TIMEOUT_MS });
  const object = readFileSync(join(copy, "build/bpf/planted.bpf.o"));
  expect(shown.stdout.equals(object)).toBe(true);
  const digest = createHash("sha256").update(object).digest("hex");
  expect(shown.stderr.toString()).toBe(`${digest} planted`);
  return digest;
}

describe("build steps", () => {
  it(
    "run once, again when an input or an output changed, not when only times did",
    () => {
      const copy = checkout();
      const built = { code: 0, output: "setup: building wasm\n" };
      const fresh = { code: 0, output: "" };
      expect(build(copy, ["wasm"])).toEqual(built);
      utimesSync(join(copy, "assembly/limits.ts"), 1, 1);
      expect(build(copy, ["wasm"])).toEqual(fresh);
      write(
        copy,
        "assembly/limits.ts",
        `${readFileSync(join(copy, "assembly/limits.ts"), "utf8")}\n`,
      );
      expect(build(copy, ["wasm"])).toEqual(built);
      rmSync(join(copy, "build/wasm/redact.wasm"));
      expect(build(copy, ["wasm"])).toEqual(built);
      expect(build(copy, ["wasm"])).toEqual(fresh);
    },
    3 * BUILD_TIMEOUT_MS,
  );

  it("of the kernel are skipped with the reason when the compilers are missing", () => {
    const copy = checkout();
    const { code, output } = build(copy, ["bpf", "embed", "native"], join(copy, "nothing"));
    expect(code).toBe(0);
    const reason =
      process.platform === "linux"
        ? /bpf skipped: missing clang .*, see npm run setup\n/
        : /not Linux/;
    expect(output).toMatch(reason);
    expect(output).toContain("embed skipped: no objects in build/bpf\n");
    expect(existsSync(join(copy, "build/bpf"))).toBe(false);
  });

  it("that do not exist are refused by name", () => {
    const { code, output } = build(checkout(), ["wasn"]);
    expect([code, output]).toEqual([
      1,
      "setup: no build step wasn: choose from wasm bpf embed native js\n",
    ]);
  });
});
