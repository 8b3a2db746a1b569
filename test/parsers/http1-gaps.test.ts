/** HTTP/1 with holes: what is known goes on, nothing is invented, and the rest is found again. */
import { describe, expect, it } from "vitest";
import { newParsers, type Step, stream, summaries } from "./harness.ts";

const parsers = newParsers();
const calls = (...steps: Step[]) => stream(parsers, steps).calls;
const noted = (...steps: Step[]) =>
  calls(...steps).map(({ method, resource, status, notes }) =>
    `${method} ${resource} ${status} ${notes.join(" ")}`.trim(),
  );

const get = (target: string): Step => ({ client: `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n` });
const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const ok = (body: string): Step => ({ server: answer(body) });
const gap = (side: "client" | "server", size: number): Step => ({ gap: side, size });
const post = (length: number, body: string): Step => ({
  client: `POST /p HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n${body}`,
});
const next = [get("/next"), ok("later")];
const NEXT = "GET /next 200";

describe("a hole in a body", () => {
  it("of known length is part of it", () => {
    const [call, ...rest] = calls(
      post(100, "abc"),
      gap("client", 90),
      { client: "1234567" },
      { server: "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" },
      gap("server", 50),
      ...next,
    );
    expect(call).toMatchObject({ status: "200", notes: ["request_gap", "response_gap"] });
    expect(call?.requestBytes).toBe(
      BigInt("POST /p HTTP/1.1\r\nContent-Length: 100\r\n\r\n".length + 100),
    );
    expect(call?.responseBytes).toBe(89n);
    expect(summaries(rest)).toEqual([NEXT]);
  });

  it("may reach over its end", () => {
    expect(
      noted(
        get("/a"),
        { server: answer("x".repeat(50)).slice(0, -40) },
        gap("server", 200),
        ...next,
      ),
    ).toEqual(["GET /a 200 response_gap", NEXT]);
    expect(noted(post(9, "abc"), gap("client", 300), ok(""), ...next)).toEqual([
      "POST /p 200 request_gap",
      NEXT,
    ]);
  });

  it("within a chunk is part of it", () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc";
    expect(
      noted(get("/a"), { server: head }, gap("server", 97), { server: "\r\n0\r\n\r\n" }, ...next),
    ).toEqual(["GET /a 200 response_gap", NEXT]);
    expect(noted(get("/a"), { server: head }, gap("server", 98), ...next)).toEqual([
      "GET /a 200 response_gap",
      NEXT,
    ]);
  });

  it("that ends with the connection is part of it", () => {
    const [call] = calls(get("/a"), { server: "HTTP/1.0 200 OK\r\n\r\nab" }, gap("server", 7), {
      finish: "server",
    });
    expect(call).toMatchObject({ responseBytes: 28n, notes: ["response_gap"] });
  });

  it("of unknown size ends what is known", () => {
    expect(noted(post(100, "abc"), gap("client", 0), ok(""), ...next)).toEqual([
      "POST /p 200 request_gap",
      NEXT,
    ]);
  });
});

describe("a hole in a head", () => {
  it("leaves what was read before it", () => {
    expect(
      noted({ client: "GET /a?b HTTP/1.1\r\nCook" }, gap("client", 9), ok(""), ...next),
    ).toEqual(["GET /a 200 request_gap", NEXT]);
    expect(noted({ client: "GET /a?tok" }, gap("client", 9), ok(""), ...next)).toEqual([
      "GET /a 200 request_gap",
      NEXT,
    ]);
    expect(noted({ client: "GET /a/b" }, gap("client", 9), ok(""), ...next)).toEqual([
      "GET /a/b 200 request_gap resource_cut",
      NEXT,
    ]);
    expect(noted(get("/a"), { server: "HTTP/1.1 404 N" }, gap("server", 9), ...next)).toEqual([
      "GET /a 404 response_gap",
      NEXT,
    ]);
  });

  it("before anything is known leaves nothing", () => {
    expect(noted(...next, { client: "GE" }, gap("client", 30), ...next)).toEqual([NEXT, NEXT]);
    expect(noted(...next, { client: "BREW /a" }, gap("client", 30), ...next)).toEqual([NEXT, NEXT]);
    expect(noted(get("/a"), { server: "HTTP/1.1 40" }, gap("server", 30), ok(""))).toEqual([
      "GET /a 200 response_gap",
    ]);
  });
});

describe("between messages", () => {
  it("a lost response is not taken from the next request", () => {
    expect(noted(get("/a"), ok(""), get("/lost"), get("/b"), gap("server", 80), ok("x"))).toEqual([
      "GET /a 200",
      "GET /lost  no_response response_gap",
      "GET /b 200",
    ]);
  });

  it("a lost request leaves its response without one", () => {
    expect(noted(...next, gap("client", 40), ok("x"), ...next)).toEqual([
      NEXT,
      "200 unknown_field",
      NEXT,
    ]);
  });

  it("requests that do not wait keep their order", () => {
    const two: Step = { client: "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n" };
    expect(noted(two, ok(""), ok(""), two, gap("server", 3), ok("x"))).toEqual([
      "GET /1 200",
      "GET /2 200",
      "GET /1 200",
      "GET /2  no_response",
    ]);
  });
});

describe("looking for the next message", () => {
  const foundAfter = (side: "client" | "server", junk: string) => {
    const lost: Step = side === "client" ? { client: junk } : { server: junk };
    return summaries(calls(...next, gap(side, 5), lost, ...next));
  };

  it.each([
    "rest of a head\r\nX: y\r\n\r\n",
    '{"json":"GET of"}',
    "GET /half",
    "GET /no HTTP/2.0\r\n\r\n",
    "GET /sp ace HTTP/1.1\r\n",
    "GETGET / HTTP/1.1\r\n",
    "XGET /no HTTP/1.1\r\n\r\n",
    "get /no HTTP/1.1\r\n\r\n",
    "POST ftp://no HTTP/1.1\r\n\r\n",
    "\0\xff CONNECT \r\n",
  ])("passes over %j of a client", (junk) => {
    const expected = [NEXT, NEXT];
    expect(foundAfter("client", `${junk}\n`)).toEqual(expected);
  });

  it.each(["rest\r\n\r\n", "HTTP/1.1 2", "HTTP/1.1 200x", "HTTP/2 200 OK\r\n", "HHTTP/1", "\0"])(
    "passes over %j of a server",
    (junk) => {
      expect(foundAfter("server", junk)).toEqual([NEXT, NEXT]);
    },
  );

  it("finds a message right behind any byte", () => {
    expect(foundAfter("client", "}")).toEqual([NEXT, NEXT]);
    expect(foundAfter("server", "}H")).toEqual([NEXT, NEXT]);
  });

  it("lets what it tried and dropped die", () => {
    const steps = [...next, gap("client", 5), { client: "x GET /secret y GET /next HTTP/1.1\r\n" }];
    expect(stream(parsers, steps).redacted.at(-1)).toBe(`${"~".repeat(16)}GET /next HTTP/1.1\r\n`);
  });
});
