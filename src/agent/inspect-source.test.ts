import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { openCapture } from "./inspect-source.ts";

const directory = mkdtempSync(join(tmpdir(), "inspect-"));
afterAll(() => rmSync(directory, { recursive: true }));

const content = Buffer.alloc(3_000_000, "packets ");

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(directory, name), bytes);
  return join(directory, name);
}

async function readAll(path: string): Promise<{ bytes: Buffer; largest: number; error: unknown }> {
  const chunks: Buffer[] = [];
  let error: unknown;
  try {
    const capture = await openCapture(path);
    for await (const chunk of capture.chunks()) chunks.push(Buffer.from(chunk));
  } catch (thrown) {
    error = thrown;
  }
  const largest = Math.max(0, ...chunks.map((chunk) => chunk.length));
  return { bytes: Buffer.concat(chunks), largest, error };
}

describe("a capture file", () => {
  it.each([
    ["as it is", content],
    ["unpacked when it is gzip", gzipSync(content)],
    [
      "unpacked when it is several members",
      Buffer.concat([gzipSync(content.subarray(0, 8)), gzipSync(content.subarray(8))]),
    ],
  ])("is read in pieces, %s", async (_how, bytes) => {
    const read = await readAll(file("capture", bytes));
    expect(read.error).toBeUndefined();
    expect(read.bytes.equals(content)).toBe(true);
    expect(read.largest).toBeLessThanOrEqual(256 * 1024);
  });

  it("may be shorter than the mark of gzip", async () => {
    expect((await readAll(file("one", Uint8Array.of(0x1f)))).bytes).toEqual(Buffer.of(0x1f));
    expect((await readAll(file("none", new Uint8Array(0)))).bytes).toHaveLength(0);
  });

  it("tells how much of it was read", async () => {
    const capture = await openCapture(file("progress", content));
    expect([capture.size, capture.bytesRead()]).toEqual([content.length, 0]);
    for await (const chunk of capture.chunks()) expect(chunk.length).toBeGreaterThan(0);
    expect(capture.bytesRead()).toBe(content.length);
  });

  it("gives what is before the damage of its gzip data, then says so", async () => {
    const packed = gzipSync(content);
    const { bytes, error } = await readAll(file("cut.gz", packed.subarray(0, packed.length - 9)));
    expect(bytes.length).toBeGreaterThan(0);
    expect(error).toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(
        /^cannot read .*cut\.gz: its gzip data is damaged or cut short/,
      ),
    });
  });

  it.each([
    ["is not there", "absent", /absent: ENOENT/],
    ["is a directory", ".", /is not a regular file/],
  ])("that %s is refused in one line", async (_what, name, reason) => {
    const { error } = await readAll(join(directory, name));
    expect(error).toMatchObject({ code: "INPUT_INVALID", message: expect.stringMatching(reason) });
  });
});
