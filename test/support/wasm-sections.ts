/** Looking into the bytes of a WASM module (WebAssembly Core Specification 5.5). */

const SECTION_GLOBALS = 6;
const SECTION_MEMORY = 5;

/** Content of a section of the binary, after its id and size. */
export function section(wasm: Uint8Array, id: number): Uint8Array {
  for (let at = 8; at < wasm.length; ) {
    const [size, body] = varint(wasm, at + 1);
    if (wasm[at] === id) return wasm.subarray(body, body + size);
    at = body + size;
  }
  throw new Error(`no section ${id}`);
}

/** Pages of the one memory: how many at first, how many at most. */
export function memoryPages(wasm: Uint8Array): { initial: number; maximum: number } {
  const [count, flags, ...limits] = section(wasm, SECTION_MEMORY);
  if (count !== 1 || flags !== 1) throw new Error("not one memory with a maximum");
  const bytes = Uint8Array.from(limits);
  const [initial, next] = varint(bytes, 0);
  return { initial, maximum: varint(bytes, next)[0] };
}

/** Whether each global is an i32 constant: nothing is kept outside the memory. */
export function hasOnlyConstants(wasm: Uint8Array): boolean {
  const globals = section(wasm, SECTION_GLOBALS);
  const [count, first] = varint(globals, 0);
  let at = first;
  for (let index = 0; index < count; index++) {
    const [type, mutable, opcode] = globals.subarray(at, at + 3);
    if (type !== 0x7f || mutable !== 0 || opcode !== 0x41) return false;
    at = varint(globals, at + 3)[1] + 1;
  }
  return at === globals.length;
}

/** An unsigned LEB128 number and where it ends. */
function varint(bytes: Uint8Array, at: number): [value: number, end: number] {
  const byte = bytes[at] ?? 0;
  if (byte < 0x80) return [byte, at + 1];
  const [rest, end] = varint(bytes, at + 1);
  return [(byte & 0x7f) + rest * 128, end];
}
