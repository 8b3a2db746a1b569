/** A capture file as bytes, unpacked when it is gzip. Constant memory, whatever its size. */

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { AgentError, reasonOf } from "../model/errors.ts";

const READ_BYTES = 256 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

export interface CaptureFile {
  /** Bytes of the file as it lies there, 0 for what has no size. */
  readonly size: number;
  /** How many of them were read so far. */
  bytesRead(): number;
  /**
   * The content, unpacked. The chunks are the reader's to change.
   *
   * @throws AgentError INPUT_INVALID
   */
  chunks(): AsyncIterable<Uint8Array>;
}

/** @throws AgentError INPUT_INVALID when the file cannot be read */
export async function openCapture(path: string): Promise<CaptureFile> {
  const { size, isGzip } = await lookAt(path);
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  return {
    size,
    bytesRead: () => file.bytesRead,
    async *chunks() {
      const unpacked = isGzip
        ? pipeline(file, createGunzip({ chunkSize: READ_BYTES }), () => undefined)
        : file;
      try {
        for await (const chunk of unpacked) yield chunk as Uint8Array;
      } catch (error) {
        throw unreadable(path, error);
      } finally {
        file.destroy();
      }
    },
  };
}

async function lookAt(path: string): Promise<{ size: number; isGzip: boolean }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new AgentError("INPUT_INVALID", `cannot read ${path}: it is not a regular file`);
    }
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return { size: stat.size, isGzip: GZIP_MAGIC.every((byte, at) => buffer[at] === byte) };
  } catch (error) {
    throw error instanceof AgentError ? error : unreadable(path, error);
  } finally {
    await handle?.close();
  }
}

function unreadable(path: string, error: unknown): AgentError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const reason = code.startsWith("Z_")
    ? `its gzip data is damaged or cut short (${reasonOf(error)})`
    : reasonOf(error);
  return new AgentError("INPUT_INVALID", `cannot read ${path}: ${reason}`, {}, error);
}
