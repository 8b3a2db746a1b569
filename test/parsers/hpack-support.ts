/** The test build of the module (assembly/testing.ts): it keeps every name and value. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD_TIMEOUT_MS = 110_000;
const OPTIONS = [
  "assembly/testing.ts",
  ...["--config", "none", "--runtime", "stub", "--use", "abort=", "--use", "HPACK_KEEP_ALL=1"],
  ...["--enable", "simd", "--enable", "bulk-memory", "-O1", "--noAssert"],
  ...["--initialMemory", "800", "--maximumMemory", "800", "--outFile"],
];

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly INPUT_PTR: { readonly value: number };
  readonly TEXT_PTR: { readonly value: number };
  hpackBegin(): void;
  hpackDecode(length: number): number;
  messagesBegin(): void;
  messagesIn(length: number): number;
  messagesGap(size: number): void;
}

export interface TestModule {
  readonly exports: Exports;
  /** Copies the bytes to where the exports read them; returns how many. */
  put(bytes: Uint8Array): number;
  /** Names and values of the block in turn, undefined when it is broken. */
  decode(block: Uint8Array): string[] | undefined;
}

let wasm: Uint8Array | undefined;

/** Builds it the first time: some seconds. */
export function testModule(): TestModule {
  wasm ??= built();
  const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const { exports } = new api.Instance(new api.Module(wasm), {});
  const memory = Buffer.from(exports.memory.buffer);
  const put = (bytes: Uint8Array) => {
    memory.set(bytes, exports.INPUT_PTR.value);
    return bytes.length;
  };
  return {
    exports,
    put,
    decode(block) {
      const size = exports.hpackDecode(put(block));
      if (size < 0) return undefined;
      const strings: string[] = [];
      const begin = exports.TEXT_PTR.value;
      for (let at = begin; at < begin + size; ) {
        const end = at + 4 + memory.readUInt32LE(at);
        strings.push(memory.toString("latin1", at + 4, end));
        at = end;
      }
      return strings;
    },
  };
}

interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Exports };
}

function built(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "probectl-testing-"));
  try {
    const file = join(folder, "testing.wasm");
    const args = ["node_modules/assemblyscript/bin/asc.js", ...OPTIONS, file];
    const options = { cwd: ROOT, encoding: "utf8", timeout: BUILD_TIMEOUT_MS } as const;
    const { status, stderr } = spawnSync(process.execPath, args, options);
    if (status !== 0) throw new Error(`the test build of the parsers fails\n${stderr}`);
    return Uint8Array.from(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
