import { mkdtempSync, rmSync } from "node:fs";
import {
  chmod,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { numberedBatch, sampleBatch } from "../../test/support/kafka/batches.ts";
import type { FlowBatch } from "../model/flow.ts";
import type { FlowSink } from "../model/ports.ts";
import { delimited, encodeBatch, toNdjson } from "./codec.ts";
import { FileSink, type FileSinkOptions } from "./file-sink.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-sink-"));
  path = join(folder, "flows");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function options(changes: Partial<FileSinkOptions> = {}): FileSinkOptions {
  return { path, format: "ndjson", maxBytes: 1_000_000, maxBuffered: 1_000, ...changes };
}

function counter(sink: FlowSink, name: string, reason?: string): number | undefined {
  return sink.metrics().find((m) => m.name === name && m.labels?.reason === reason)?.value;
}

async function publishAll(sink: FlowSink, batches: FlowBatch[]): Promise<void> {
  await Promise.all(batches.map((batch) => sink.publish(batch)));
}

describe("a file sink", () => {
  it("appends one line per batch, in order, to a file of mode 0600", async () => {
    await writeFile(path, "before\n", { mode: 0o644 });
    const sink = await FileSink.open(options());
    await publishAll(sink, [numberedBatch(1), { flows: [], edges: [] }, sampleBatch()]);
    await sink.close();
    expect(await readFile(path, "utf8")).toBe(
      `before\n${toNdjson(numberedBatch(1))}${toNdjson(sampleBatch())}`,
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(counter(sink, "batches_published_total")).toBe(2);
    expect(counter(sink, "records_published_total")).toBe(5);
    expect(counter(sink, "publish_buffered_records")).toBe(0);
  });

  it("writes delimited protobuf", async () => {
    const sink = await FileSink.open(options({ format: "protobuf" }));
    await publishAll(sink, [numberedBatch(2), sampleBatch()]);
    await sink.close();
    const expected = [numberedBatch(2), sampleBatch()].map((b) => delimited(encodeBatch(b)));
    expect((await readFile(path)).equals(Buffer.concat(expected))).toBe(true);
    expect(counter(sink, "bytes_published_total")).toBe((await stat(path)).size);
  });

  it("keeps one generation when it rotates", async () => {
    const line = Buffer.byteLength(toNdjson(numberedBatch(1)));
    const sink = await FileSink.open(options({ maxBytes: 2 * line }));
    await publishAll(sink, Array(5).fill(numberedBatch(1)));
    await sink.close();
    expect((await readdir(folder)).sort()).toEqual(["flows", "flows.1"]);
    expect((await stat(path)).size).toBe(line);
    expect((await stat(`${path}.1`)).size).toBe(2 * line);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("writes a batch larger than the rotation size whole", async () => {
    const sink = await FileSink.open(options({ maxBytes: 10 }));
    await publishAll(sink, [numberedBatch(3), numberedBatch(1)]);
    await sink.close();
    expect(await readFile(`${path}.1`, "utf8")).toBe(toNdjson(numberedBatch(3)));
    expect(await readFile(path, "utf8")).toBe(toNdjson(numberedBatch(1)));
  });

  it("goes on in a new file when somebody took the old one away before it rotated", async () => {
    const sink = await FileSink.open(options({ maxBytes: 10 }));
    await sink.publish(numberedBatch(3));
    await rm(path);
    await sink.publish(numberedBatch(1));
    await sink.close();
    expect(await readFile(path, "utf8")).toBe(toNdjson(numberedBatch(1)));
  });
});

describe("a path that is refused at the start", () => {
  it.each([
    ["a symbolic link", (at: string) => symlink("/dev/null", at)],
    ["a folder", (at: string) => mkdir(at)],
    [
      "a file with a second name",
      async (at: string) => {
        await writeFile(`${at}.other`, "");
        await link(`${at}.other`, at);
      },
    ],
    [
      "a file in a folder that does not exist",
      (at: string) => rm(join(at, ".."), { recursive: true }),
    ],
  ])("is %s", async (_, make) => {
    path = join(folder, "inner", "flows");
    await mkdir(join(folder, "inner"));
    await make(path);
    await expect(FileSink.open(options())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(
        /^bus\.path \S+flows cannot be written: [^\n]+; name a regular/,
      ),
    });
  });

  it("is a device", async () => {
    await expect(FileSink.open(options({ path: "/dev/full" }))).rejects.toMatchObject({
      message: expect.stringContaining("it is not a regular file"),
    });
  });

  it("is a file of another user, which stays as it is", async () => {
    await writeFile(path, "theirs", { mode: 0o644 });
    const { uid } = await stat(path);
    vi.spyOn(process, "geteuid").mockReturnValue(uid + 1);
    await expect(FileSink.open(options())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `bus.path ${path} cannot be written: it belongs to uid ${uid} and the agent runs as uid ${uid + 1}; name a regular file in a directory of the agent's user, or "-"`,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect(await readFile(path, "utf8")).toBe("theirs");
  });

  it("is not changed by being refused", async () => {
    const other = join(folder, "other");
    await writeFile(other, "theirs");
    await chmod(other, 0o644);
    await link(other, path);
    await expect(FileSink.open(options())).rejects.toThrow("hard links");
    expect((await stat(other)).mode & 0o777).toBe(0o644);
    expect(await readFile(other, "utf8")).toBe("theirs");
  });
});

describe("a write that does not go through", () => {
  it("is repeated for the rest when the system took only a part", async () => {
    const sink = await FileSink.open(options());
    let calls = 0;
    await interceptWrites((wanted) => {
      calls += 1;
      return Math.min(wanted, 100);
    });
    await sink.publish(sampleBatch());
    await sink.close();
    expect(calls).toBeGreaterThan(10);
    expect(await readFile(path, "utf8")).toBe(toNdjson(sampleBatch()));
  });

  it("rejects, counts the batch, and leaves no half line before the next one", async () => {
    const sink = await FileSink.open(options());
    await sink.publish(numberedBatch(1));
    let calls = 0;
    await interceptWrites((wanted) => {
      calls += 1;
      if (calls === 2) throw new Error("ENOSPC: no space left");
      return calls === 1 ? 50 : wanted;
    });
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({
      code: "PUBLISH_FAILED",
      message: `write to bus.path ${path} failed: ENOSPC: no space left; free space there or set another bus.path`,
    });
    await sink.publish(numberedBatch(2));
    await sink.close();
    expect(await readFile(path, "utf8")).toBe(
      toNdjson(numberedBatch(1)) + toNdjson(numberedBatch(2)),
    );
    expect(counter(sink, "publish_dropped_total", "write_failed")).toBe(4);
    expect(counter(sink, "records_published_total")).toBe(3);
    expect(counter(sink, "publish_buffered_records")).toBe(0);
  });

  it("rejects when the file cannot be rotated, and again when it still cannot", async () => {
    const sink = await FileSink.open(options({ maxBytes: 10 }));
    await sink.publish(numberedBatch(1));
    await mkdir(`${path}.1`);
    await expect(sink.publish(numberedBatch(2))).rejects.toThrow(/bus\.path .* failed: E/);
    await expect(sink.publish(numberedBatch(2))).rejects.toThrow(/bus\.path .* failed: E/);
    await rm(`${path}.1`, { recursive: true });
    await sink.publish(numberedBatch(3));
    await sink.close();
    expect(await readFile(path, "utf8")).toBe(toNdjson(numberedBatch(3)));
    expect(await readFile(`${path}.1`, "utf8")).toBe(toNdjson(numberedBatch(1)));
  });
});

describe("standard output", () => {
  it("gets the same lines and stays open", async () => {
    const stream = new PassThrough();
    const sink = await FileSink.open(options({ path: "-" }), stream);
    await publishAll(sink, [numberedBatch(1), sampleBatch()]);
    await sink.close();
    expect(stream.writableEnded).toBe(false);
    expect(stream.read().toString()).toBe(toNdjson(numberedBatch(1)) + toNdjson(sampleBatch()));
    expect(await readdir(folder)).toEqual([]);
  });

  it("that nobody reads any more rejects instead of ending the process", async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const sink = await FileSink.open(options({ path: "-" }), broken);
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({ code: "PUBLISH_FAILED" });
    await expect(sink.publish(sampleBatch())).rejects.toMatchObject({ code: "PUBLISH_FAILED" });
    await sink.close();
    expect(counter(sink, "publish_dropped_total", "write_failed")).toBe(8);
  });

  it("that blocks holds a bounded number of records", async () => {
    const slow = new PassThrough({ highWaterMark: 1 });
    const sink = await FileSink.open(options({ path: "-", maxBuffered: 5 }), slow);
    const first = sink.publish(numberedBatch(3));
    await expect(sink.publish(numberedBatch(3))).rejects.toMatchObject({ code: "PUBLISH_REFUSED" });
    expect(counter(sink, "publish_buffered_records")).toBe(3);
    slow.resume();
    await first;
    await sink.close();
    expect(counter(sink, "publish_dropped_total", "buffer_full")).toBe(3);
    expect(counter(sink, "records_offered_total")).toBe(6);
  });
});

type Write = (
  this: FileHandle,
  bytes: Uint8Array,
  offset: number,
  length: number,
) => Promise<{ bytesWritten: number }>;

/**
 * Lets `allow` say how many bytes the next write may take, or throw what it fails with. The class
 * of file handles is not exported, so it is found through a handle.
 */
async function interceptWrites(allow: (wanted: number) => number): Promise<void> {
  const probe = await open(join(folder, "probe"), "w");
  await probe.close();
  const prototype: { write: Write } = Object.getPrototypeOf(probe);
  const { write } = prototype;
  vi.spyOn(prototype, "write").mockImplementation(async function (this: FileHandle, ...args) {
    const [bytes, offset, length] = args;
    return write.call(this, bytes, offset, allow(length));
  });
}
