/** Connections that say nothing and come back when they are cut: what a hostile neighbour does. */

import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";

export class IdleCrowd {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #news = new EventEmitter();
  #cuts = 0;
  #left = false;

  /** `size` connections to a port of 127.0.0.1. */
  constructor(port: number, size: number) {
    this.#port = port;
    for (let index = 0; index < size; index++) this.#join();
  }

  /** Resolves once connections were cut that often. */
  async cut(times: number): Promise<void> {
    while (this.#cuts < times) await once(this.#news, "cut");
  }

  leave(): void {
    this.#left = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(): void {
    const socket = connect(this.#port, "127.0.0.1").resume();
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#left) return;
      this.#cuts += 1;
      this.#news.emit("cut");
      this.#join();
    });
  }
}
