/** A server that a Kafka client takes for a broker until it answers, over TCP or TLS. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

export class FakeBroker {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Listens on a free port of loopback; `answer` gets each request, which is one chunk. */
  static async start(
    tls: TlsOptions | undefined,
    answer: (socket: Socket, request: Buffer) => void,
  ): Promise<FakeBroker> {
    const broker = new FakeBroker(tls, answer);
    broker.#server.listen(0, "127.0.0.1");
    await once(broker.#server, "listening");
    return broker;
  }

  private constructor(
    tls: TlsOptions | undefined,
    answer: (socket: Socket, request: Buffer) => void,
  ) {
    const onConnection = (socket: Socket): void => {
      this.#sockets.add(socket);
      // The client may cut the connection while it is being written to.
      socket.on("error", () => socket.destroy());
      socket.on("data", (request) => answer(socket, request));
    };
    this.#server =
      tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A response with this size before it, which may be a lie. */
export function frame(size: number, body: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeInt32BE(size);
  bytes.set(body, 4);
  return bytes;
}
