/**
 * HTTP/1 with secrets in query, fragment, userinfo, path parameters, reason phrases, every header
 * that is not listed, parameters of those that are, bodies and trailers of all kinds, tunnels, and
 * behind what breaks the grammar.
 */

import type { Random } from "./random.ts";
import { type Turn, turn } from "./script.ts";
import { secret } from "./secret.ts";

const PATHS = ["/", "/a/b.html", "/orders/7", "*"];
const SPELLINGS = [
  (name: string) => name,
  (name: string) => name.toUpperCase(),
  (name: string) => name.toLowerCase(),
];
const DYING = [
  "Authorization",
  "Cookie",
  "Set-Cookie",
  "Proxy-Authorization",
  "X-Api-Key",
  "Referer",
  "User-Agent",
  "Location",
  "ETag",
  "x",
  "Content-Typ",
  "Hosts",
  "Grpc-Message",
];

function target(random: Random): string {
  const path = random.pick(PATHS);
  if (path === "*") return path;
  const shapes = [
    () => `${path}?token=${secret(random)}`,
    () => `${path}?${secret(random)}#${secret(random)}`,
    () => `${path};session=${secret(random)}/x;${secret(random)}?a=b`,
    () => `http://user:${secret(random)}@example.org${path}?k=${secret(random)}`,
    () => `http://${secret(random)}@example.org/`,
    () => path,
  ];
  return random.pick(shapes)();
}

function header(random: Random, end: string): string {
  const shapes = [
    () => `${random.pick(SPELLINGS)(random.pick(DYING))}: ${secret(random)}`,
    () => `${random.pick(DYING)}:${secret(random)} ${secret(random)}`,
    () => `${random.pick(DYING)}:\t ${"a".repeat(random.between(0, 300))}${secret(random)}`,
    () => `Content-Type: multipart/form-data; boundary=${secret(random)}`,
    () => `traceparent: 00-${secret(random, 32, 32)}-${secret(random, 16, 16)}-01`,
    () => "Host: example.org",
    () => "Accept: */*",
  ];
  return random.pick(shapes)() + end;
}

const headers = (random: Random, end: string) =>
  random.many(0, 5, () => header(random, end)).join("");

/** Header of the framing and the body that follows. */
function body(random: Random, end: string, isResponse: boolean): [string, string] {
  const text = random
    .many(1, 3, () => secret(random, 6, 200))
    .join(random.pick(["\r\n\r\n", "\n\n", " "]));
  const shapes: (() => [string, string])[] = [
    () => [`Content-Length: ${text.length}${end}`, text],
    () => [`content-length:${text.length}${end}`, text],
    () => [`Transfer-Encoding: chunked${end}`, chunked(random, text)],
    () => (isResponse ? [`Content-Length: 0${end}`, ""] : ["", ""]),
  ];
  return random.pick(shapes)();
}

function chunked(random: Random, text: string): string {
  const half = random.between(1, text.length);
  const pieces = [text.slice(0, half), text.slice(half)].filter((piece) => piece !== "");
  const chunks = pieces.map((piece) => {
    const extension = random.once(2) ? `;x=${secret(random)}` : "";
    return `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`;
  });
  const trailers = random.many(0, 2, () => `X-Sum: ${secret(random)}\r\n`);
  return `${chunks.join("")}0\r\n${trailers.join("")}\r\n`;
}

function request(random: Random, end: string, method: string): string {
  const hasBody = method === "POST" || method === "PUT";
  const [framing, content] = hasBody ? body(random, end, false) : ["", ""];
  const line = `${method} ${target(random)} HTTP/1.1${end}`;
  return `${line}${headers(random, end)}${framing}${headers(random, end)}${end}${content}`;
}

function response(random: Random, end: string, method: string): string {
  const status = random.pick([200, 200, 201, 204, 304, 404, 500]);
  const line = `HTTP/1.1 ${status} ${secret(random)}${end}`;
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  const [framing, content] = body(random, end, true);
  const interim = random.once(10)
    ? `HTTP/1.1 100 ${secret(random)}${end}X: ${secret(random)}${end}${end}`
    : "";
  return `${interim}${line}${headers(random, end)}${framing}${end}${isBodiless ? "" : content}`;
}

/** What ends the grammar; all that follows dies. */
function broken(random: Random): string {
  const shapes = [
    () => `GET /a HTTP/1.1\r\nAuthorization : ${secret(random)}\r\n\r\n`,
    () => `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${secret(random)}`,
    () => `GET /a HTTP/1.1\r\nX: a\0${secret(random)}\r\n\r\n${secret(random)}`,
    () => `:${secret(random)} /${secret(random)} HTTP/1.1\r\n\r\n`,
    () => `POST /a HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n${secret(random)}`,
    () => `POST /a HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n${secret(random)}`,
  ];
  return random.pick(shapes)();
}

function tunnel(random: Random, end: string): Turn[] {
  const upgrades = [
    () => [
      `CONNECT example.org:443 HTTP/1.1${end}Proxy-Authorization: ${secret(random)}${end}${end}`,
      "200 OK",
    ],
    () => [
      `GET /ws HTTP/1.1${end}Connection: upgrade${end}Upgrade: websocket${end}Sec-WebSocket-Key: ${secret(random)}${end}${end}`,
      "101 Switching Protocols",
    ],
  ];
  const [asked = "", status = ""] = random.pick(upgrades)();
  const accept = `HTTP/1.1 ${status}${end}Upgrade: websocket${end}Connection: upgrade${end}X: ${secret(random)}${end}${end}`;
  return [
    turn("client", asked),
    turn("server", accept, secret(random)),
    turn("client", secret(random, 6, 500)),
    turn("server", secret(random, 6, 500)),
  ];
}

export function http1Turns(random: Random): Turn[] {
  const end = random.pick(["\r\n", "\r\n", "\n"]);
  const turns: Turn[] = [];
  const rounds = random.many(1, 4, () =>
    random.pick(["GET", "POST", "PUT", "HEAD", "DELETE", "MKCOL"]),
  );
  if (random.once(3)) {
    turns.push(turn("client", ...rounds.map((method) => request(random, end, method))));
    turns.push(turn("server", ...rounds.map((method) => response(random, end, method))));
  } else {
    for (const method of rounds) {
      turns.push(turn("client", request(random, end, method)));
      turns.push(turn("server", response(random, end, method)));
    }
  }
  switch (random.between(0, 20)) {
    case 0:
    case 1:
      return [...turns, ...tunnel(random, end)];
    case 2:
    case 3:
      return [...turns, turn(random.pick(["client", "server"]), broken(random))];
    case 4:
      return [...turns, turn("server", `HTTP/1.0 200 OK\r\n\r\n${secret(random, 6, 300)}`)];
    default:
      return turns;
  }
}
