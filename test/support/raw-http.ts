/** HTTP by hand, for what no client would send. */

import { once } from "node:events";
import { connect } from "node:net";

/** Sends the bytes to a port of 127.0.0.1; all that comes back until the server closes. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  // The server may reset what it refuses; what it said before is the point.
  socket.on("error", () => socket.destroy());
  socket.write(bytes);
  await once(socket, "close");
  return answer;
}
