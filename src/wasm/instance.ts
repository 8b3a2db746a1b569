/**
 * The one place where WASM is compiled and instantiated. A module is accepted when it imports
 * nothing, exports what it should, has a memory that cannot grow, and answers its self-test.
 */

import { AgentError } from "../model/errors.ts";

/** The part of the WebAssembly API used here: the build's libraries do not declare it. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmApi {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): unknown[];
  };
  Instance: new (module: object, imports: object) => { readonly exports: object };
  RuntimeError: abstract new (...args: never) => Error;
}

/** What every module exports; constants arrive as globals. */
export interface WasmExports {
  readonly memory: WasmMemory;
  /** 0, or the number of the first answer that is wrong. */
  selfTest(): number;
}

/** A constant of a module. */
export interface WasmConstant {
  readonly value: number;
}

/** What a module must be. */
export interface WasmContract<E extends WasmExports> {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Names of the exports beside `memory` and `selfTest`. */
  readonly names: readonly (keyof E & string)[];
  /** Why constants are not those of this release, or nothing. */
  mismatch?(exports: E): string | undefined;
}

/**
 * Compile a module once; the function returned makes an instance, each with a memory of its own.
 *
 * @param wasm content of the file; not kept
 * @throws AgentError CAPTURE_FAILED, also from the function, when the module cannot be used
 */
export function compileModule<E extends WasmExports>(
  wasm: Uint8Array,
  contract: WasmContract<E>,
): () => E {
  const fault = (reason: string, cause?: unknown) => broken(contract.file, reason, cause);
  const module = compile(wasm, fault);
  if (api().Module.imports(module).length > 0) throw fault("it has imports");
  return () => {
    const { exports } = new (api().Instance)(module, {});
    if (!hasNames<E>(exports, contract.names)) {
      throw fault(`its exports are not those of ${contract.file}`);
    }
    if (canGrow(exports.memory)) throw fault("its memory can grow");
    const mismatch = contract.mismatch?.(exports);
    if (mismatch !== undefined) throw fault(mismatch);
    const wrong = answer(exports);
    if (wrong !== 0) throw fault(`its self-test failed at answer ${wrong}`);
    return exports;
  };
}

function answer(exports: WasmExports): number | "none" {
  try {
    return exports.selfTest();
  } catch (error) {
    if (isTrap(error)) return "none";
    throw error;
  }
}

/** Whether a call into a module failed inside it; a stack that is used up is no RuntimeError. */
export function isTrap(error: unknown): boolean {
  if (error instanceof api().RuntimeError) return true;
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function api(): WasmApi {
  return (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;
}

function compile(wasm: Uint8Array, fault: (reason: string, cause: unknown) => AgentError): object {
  try {
    return new (api().Module)(wasm);
  } catch (error) {
    throw fault("it does not compile on this engine", error);
  }
}

function hasNames<E extends WasmExports>(
  exports: object,
  names: readonly (keyof E & string)[],
): exports is E {
  return ["memory", "selfTest", ...names].every((name) => name in exports);
}

/** A memory at its maximum refuses to grow with a RangeError. */
function canGrow(memory: WasmMemory): boolean {
  try {
    memory.grow(1);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function broken(file: string, reason: string, cause?: unknown): AgentError {
  const message = `${file} cannot be used (${reason}): rebuild it or reinstall the package`;
  return new AgentError("CAPTURE_FAILED", message, {}, cause);
}
