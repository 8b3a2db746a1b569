// An HTTP server in a process of its own: prints its port, answers `/` at once and `/held` only
// when a line comes in, so that a test can look at a connection that is open.
import { createServer } from "node:http";

const held = [];
const server = createServer((request, response) => {
  const answer = () => response.end("answer\n");
  if (request.url === "/held") held.push(answer);
  else answer();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("data", () => {
  for (const answer of held.splice(0)) answer();
});
process.stdin.on("end", () => process.exit(0));
