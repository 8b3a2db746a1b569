/** `inspect` as users start it: dist/main.js, which `npm test` builds first. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "inspect-cli-"));
afterAll(() => rmSync(directory, { recursive: true }));

function inspect(name: string, content: Uint8Array, ...options: string[]) {
  const file = join(directory, name);
  writeFileSync(file, content);
  const args = [MAIN, "inspect", file, ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

/** The header of a little-endian pcap file of Ethernet frames. */
const HEADER = Buffer.from("d4c3b2a1020004000000000000000000000004000100000000", "hex").subarray(
  0,
  24,
);

it.each([
  ["plain", HEADER],
  ["gzipped", gzipSync(HEADER)],
])("tells that a capture is empty, %s", (_how, content) => {
  const { status, stdout, stderr } = inspect("empty", content, "--format", "ndjson");
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ kind: "summary", packets: "0", calls: "0" });
});

it.each([
  ["text", Buffer.from("no capture"), "is not a pcap or pcapng file"],
  ["cut", Buffer.concat([HEADER, Buffer.alloc(9)]), "is cut short"],
])("refuses what is not whole in one line: %s", (name, content, reason) => {
  const { status, stderr } = inspect(name, content);
  expect(status).toBe(2);
  expect(stderr).toContain(reason);
  expect(stderr.split("\n")).toHaveLength(2);
});
