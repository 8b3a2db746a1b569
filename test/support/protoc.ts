/**
 * The second protobuf implementation of the tests: the `protoc` program of the Protocol Buffers
 * project, on the schema the agent itself uses.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const schemaFolder = fileURLToPath(new URL("../../src/emit/", import.meta.url));

/** A message as its text format says it: every field a list, in order, names as in the schema. */
export interface TextMessage {
  [field: string]: (string | number | bigint | boolean | TextMessage)[];
}

/** True, or why protoc cannot be used. */
export function protocAvailable(): true | string {
  const { error, status } = spawnSync("protoc", ["--version"], { timeout: 10_000 });
  return error === undefined && status === 0 ? true : "protoc is not installed (protobuf-compiler)";
}

/** Decode bytes as the message `probectl.ebpf.v1.<name>`. Unknown fields fail the decoding. */
export function protocDecode(name: string, bytes: Uint8Array): TextMessage {
  const text = protoc(["--decode", `probectl.ebpf.v1.${name}`], bytes).toString("utf8");
  const unknown = /^\s*\d+[:\s]/m.exec(text);
  if (unknown !== null) throw new Error(`field unknown to the schema: ${unknown[0]}`);
  return parseText(text);
}

/** Encode the text format of `probectl.ebpf.v1.<name>` in canonical form. */
export function protocEncode(name: string, text: string): Uint8Array {
  return protoc(["--encode", `probectl.ebpf.v1.${name}`, "--deterministic_output"], text);
}

function protoc(args: string[], input: Uint8Array | string): Buffer {
  const { error, status, stdout, stderr } = spawnSync(
    "protoc",
    [...args, "-I", schemaFolder, "flow.proto"],
    { input, timeout: 30_000, maxBuffer: 256 * 1024 * 1024 },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`protoc ended with ${status}: ${stderr.toString("utf8")}`);
  return stdout;
}

/** The part of the text format protoc prints: one `name: value`, `name {` or `}` a line. */
function parseText(text: string): TextMessage {
  const root: TextMessage = {};
  const open = [root];
  for (const line of text.split("\n").map((raw) => raw.trim())) {
    const message = open.at(-1);
    if (line === "" || message === undefined) continue;
    if (line === "}") {
      open.pop();
      continue;
    }
    const [, name = "", scalar] = /^(\w+)(?: \{|: (.*))$/.exec(line) ?? [];
    const nested: TextMessage = {};
    const values = message[name] ?? [];
    message[name] = values;
    values.push(scalar === undefined ? nested : parseScalar(scalar));
    if (scalar === undefined) open.push(nested);
  }
  return root;
}

/** Integers that a number cannot hold exactly come as bigint. */
function parseScalar(text: string): string | number | bigint | boolean {
  if (text.startsWith('"')) return unescapeText(text.slice(1, -1));
  if (text === "true" || text === "false") return text === "true";
  const value = BigInt(text);
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** protoc escapes every byte outside printable ASCII as three octal digits. */
function unescapeText(text: string): string {
  const bytes = text.replace(/\\([0-7]{3}|.)/g, (_, code: string) => {
    const plain = { n: "\n", r: "\r", t: "\t" }[code] ?? code;
    return code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : plain;
  });
  return Buffer.from(bytes, "latin1").toString("utf8");
}
