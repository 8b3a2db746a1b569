/**
 * Keeps frames of impossible size from kafkajs, which believes whatever length a broker announces:
 * it throws out of a socket event below 4 bytes, and buffers without end for a length never
 * reached.
 *
 * A response is INT32 size, then `size` bytes that begin with INT32 correlation id
 * (kafka.apache.org/protocol, "Protocol Primitive Types" and "Response Header"). The raw SASL
 * exchange of brokers before Kafka 1.0, whose frames may be empty, is refused with the rest.
 */

import type { Socket } from "node:net";

const SIZE_BYTES = 4;
const FRAME_BYTES_MIN = 4;
/**
 * The largest response is the metadata of all topics: at 46 bytes for a partition of three
 * replicas, some 350,000 partitions.
 */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** Follows the sizes in a stream of frames, however it is cut into chunks. */
export class FrameSizes {
  /** Bytes of the present frame that have not come yet. */
  #missing = 0;
  /** The first bytes of the next size, when a chunk ended within it. */
  #size = 0;
  #sizeBytes = 0;

  /** False when a size in the chunk is impossible; the rest of the stream means nothing then. */
  accept(chunk: Uint8Array): boolean {
    for (let offset = 0; offset < chunk.length; ) {
      const skipped = Math.min(this.#missing, chunk.length - offset);
      this.#missing -= skipped;
      offset += skipped;
      while (this.#sizeBytes < SIZE_BYTES && offset < chunk.length) {
        // Signed, as the protocol has it: the shift drops what is above 32 bits.
        this.#size = (this.#size << 8) | (chunk[offset++] ?? 0);
        this.#sizeBytes += 1;
      }
      if (this.#sizeBytes < SIZE_BYTES) break;
      if (this.#size < FRAME_BYTES_MIN || this.#size > FRAME_BYTES_MAX) return false;
      this.#missing = this.#size;
      this.#size = 0;
      this.#sizeBytes = 0;
    }
    return true;
  }
}

/** Ends the socket with an error instead of delivering a chunk with an impossible size in it. */
export function guardFrames(socket: Socket): void {
  const sizes = new FrameSizes();
  const push = socket.push.bind(socket);
  // Where both TCP and TLS hand over what they read. A listener could not keep a chunk from the
  // listeners behind it.
  socket.push = (chunk: Uint8Array | null, encoding) => {
    if (chunk === null || sizes.accept(chunk)) return push(chunk, encoding);
    socket.destroy(new Error("the broker sent a response of an impossible size"));
    return false;
  };
}
