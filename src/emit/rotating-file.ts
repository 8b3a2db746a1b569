/**
 * An append-only file that is rotated by size, keeping one generation: before an append would take
 * it past `maxBytes` it becomes `<path>.1`, in place of the one before. Disk use stays below twice
 * `maxBytes`, except that a single larger append is still written whole.
 */

import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";

export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #size: number;

  /** Rejects with the error of the system, or an Error that says why the file is not accepted. */
  static async open(path: string, maxBytes: number): Promise<RotatingFile> {
    const { file, size } = await openForAppend(path);
    return new RotatingFile(path, maxBytes, file, size);
  }

  private constructor(path: string, maxBytes: number, file: FileHandle, size: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = file;
    this.#size = size;
  }

  /**
   * Resolves when all bytes were taken. Rejects with the error of the system; the file then ends
   * where it ended before. Not to be called again before it has settled.
   */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) await this.#rotate();
    const file = this.#file ?? (await this.#reopen());
    try {
      await writeAll(file, bytes);
      this.#size += bytes.length;
    } catch (error) {
      // Half a record would make the next one unreadable too.
      await file.truncate(this.#size);
      throw error;
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #rotate(): Promise<void> {
    await this.close();
    await rename(this.#path, `${this.#path}.1`).catch((error: NodeJS.ErrnoException) => {
      // Somebody moved the file away already: the next one begins all the same.
      if (error.code !== "ENOENT") throw error;
    });
  }

  async #reopen(): Promise<FileHandle> {
    const { file, size } = await openForAppend(this.#path);
    this.#file = file;
    this.#size = size;
    return file;
  }
}

/**
 * Append-only, 0600, never through a symbolic link, never a device or pipe, never a file that also
 * has another name (whose mode and content somebody else relies on), never a file of another user
 * (who could give themselves its mode back and read on).
 */
async function openForAppend(path: string): Promise<{ file: FileHandle; size: number }> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error("it is not a regular file");
    if (status.nlink !== 1) throw new Error("it has more than one name (hard links)");
    const uid = process.geteuid?.() ?? status.uid;
    if (status.uid !== uid) {
      throw new Error(`it belongs to uid ${status.uid} and the agent runs as uid ${uid}`);
    }
    await file.chmod(0o600);
    return { file, size: status.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A write may take only a part of the bytes. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}
