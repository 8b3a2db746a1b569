/** HTTP/1: what of a stream survives, message for message. The head's rules: redactor.test.ts. */
import { describe, expect, it } from "vitest";
import { endsOf, findInMemory, newParsers, type Step, stream } from "./harness.ts";

const parsers = newParsers();
const redacted = (...steps: Step[]) => stream(parsers, steps).redacted;

const get = "GET /a HTTP/1.1\r\nHost: b\r\n\r\n";
const empty = "HTTP/1.1 200 ~~\r\nContent-Length: 0\r\n\r\n";
const answer: Step = { server: empty.replace("~~", "OK") };

describe("bodies die", () => {
  it("of known length, and the next message survives", () => {
    const head = "POST /a HTTP/1.1\r\nContent-Length: 8\r\nCookie:~~~~\r\n\r\n";
    const sent = head.replace("~~~~", " a=b");
    expect(redacted({ client: `${sent}GET / a\n${get}` })).toEqual([
      `${head}${"~".repeat(8)}${get}`,
    ]);
    expect(redacted({ client: `${sent}GET` }, { client: ` / a\n${get}` })).toEqual([
      `${head}~~~`,
      `~~~~~${get}`,
    ]);
  });

  it("in chunks, with sizes, extensions and the values of trailers", () => {
    const head = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    const body = "5;x=y\r\nhello\r\n0\r\nHost: secret\r\nX-Y: secret\r\n\r\n";
    expect(redacted({ client: head + body + get })).toEqual([
      `${head}${"~".repeat(17)}Host:~~~~~~~\r\nX-Y:~~~~~~~\r\n\r\n${get}`.replace(
        "~".repeat(17),
        "~".repeat("5;x=y\r\nhello\r\n0\r\n".length),
      ),
    ]);
  });

  it("with blank lines and start lines inside", () => {
    const head = "POST /a HTTP/1.1\r\nContent-Length: 68\r\n\r\n";
    const part = "--x\r\nContent-Disposition: form-data\r\n\r\n";
    const body = `${part}${get}`.padEnd(68, "-");
    expect(redacted({ client: head + body })).toEqual([head + "~".repeat(68)]);
  });

  it("up to the end of the connection", () => {
    const head = "HTTP/1.1 200 ~~\r\nServer:~~\r\n\r\n";
    const server = `${head.replace("200 ~~", "200 OK").replace("~~", " x")}abc`;
    expect(redacted({ client: get }, { server }, answer)).toEqual([
      get,
      `${head}~~~`,
      "~".repeat(empty.length),
    ]);
  });

  it("behind an interim response", () => {
    const head = "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    expect(
      redacted(
        { client: head },
        { server: "HTTP/1.1 100 Go on\r\n\r\n" },
        { client: "abc" },
        answer,
      ),
    ).toEqual([head, "HTTP/1.1 100 ~~~~~\r\n\r\n", "~~~", empty]);
  });

  it("in a tunnel and behind an upgrade, in both directions", () => {
    const connect = "CONNECT ~~~@b:1 HTTP/1.1\r\n\r\n";
    expect(
      redacted(
        { client: `${connect.replace("~~~", "u:p")}early` },
        { server: "HTTP/1.1 200 OK\r\n\r\nhello" },
        { client: get },
      ),
    ).toEqual([`${connect}~~~~~`, "HTTP/1.1 200 ~~\r\n\r\n~~~~~", "~".repeat(get.length)]);
    const upgrade = "GET /a HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    const server = "HTTP/1.1 101 ~~\r\nUpgrade: websocket\r\n\r\n";
    expect(
      redacted(
        { client: upgrade },
        { server: `${server.replace("~~", "OK")}hello` },
        { client: get },
      ),
    ).toEqual([upgrade, `${server}~~~~~`, "~".repeat(get.length)]);
  });
});

describe("what is none dies", () => {
  it("from the byte that breaks the grammar to the end of the connection", () => {
    const bad = "GET /b HTTP/1.1\r\nHost: b\r\nBad : c\r\n\r\n";
    const kept = bad.slice(0, bad.indexOf(" :"));
    expect(redacted({ client: get }, answer, { client: bad }, answer, { client: get })).toEqual([
      get,
      empty,
      kept.padEnd(bad.length, "~"),
      "~".repeat(empty.length),
      "~".repeat(get.length),
    ]);
  });

  it("behind the end of a body", () => {
    const head = "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\n";
    for (const extra of ["secretsecret", "se cret", "secret /secret x\r\n"]) {
      const steps = [{ client: `${head}s${extra}` }, { client: "more" }];
      const { redacted } = stream(parsers, steps, { open: true });
      expect(redacted[0]).toBe(head + "~".repeat(1 + extra.length));
      expect(findInMemory(parsers, "secret")).toBe(-1);
      parsers.reset();
    }
  });

  it("after a hole, up to the next start line", () => {
    expect(
      redacted(
        { client: get },
        answer,
        { gap: "client", size: 5 },
        { client: `GET /sec\r\nret\r\n${get}` },
      ),
    ).toEqual([get, empty, "~".repeat(15) + get]);
  });

  it("as the word of a method on no list", () => {
    expect(redacted({ client: get }, answer, { client: "BREW /a HTTP/1.1\r\n\r\n" })[2]).toBe(
      "~~~~ /a HTTP/1.1\r\n\r\n",
    );
  });
});

describe("modes", () => {
  const steps: Step[] = [
    { client: "POST /a?q HTTP/1.1\r\nCookie: c\r\nContent-Length: 1\r\n\r\nx" },
    { server: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\ny\r\n0\r\n\r\n" },
  ];
  const bytes = steps.map((step) =>
    "client" in step ? step.client : "server" in step && step.server,
  );

  it("full: nothing dies, and the call is the same", () => {
    const { calls, redacted } = stream(newParsers({ redaction: "full" }), steps);
    expect(redacted).toEqual(bytes);
    expect(calls).toMatchObject([{ method: "POST", resource: "/a", status: "200" }]);
  });

  it("length: everything dies, and nothing is read", () => {
    const { calls, redacted } = stream(newParsers({ redaction: "length" }), steps);
    expect(redacted.join("").replaceAll("~", "")).toBe("");
    expect(calls).toEqual([]);
  });
});

describe("hostile input", () => {
  it("of a megabyte is bounded: names, values, paths, chunk sizes, empty lines", () => {
    const own = newParsers();
    const mega = "Q".repeat(1 << 20);
    const texts = [
      `GET / HTTP/1.1\r\n${mega}`,
      `GET / HTTP/1.1\r\nX: ${mega}`,
      `GET /?${mega}`,
      `GET /;${mega}`,
      `GET http://${mega}@a/ HTTP/1.1`,
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${"0".repeat(1 << 20)}`,
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;${mega}`,
      `GET / HTTP/1.1\r\nTransfer-Encoding: ${mega}`,
      `${"GET / HTTP/1.1\r\n\r\n"}${"\n".repeat(1 << 20)}`,
    ];
    for (const [number, client] of texts.entries()) {
      stream(own, [{ client }], { ends: endsOf(80, number), open: true });
    }
    expect(own.counters().blocks_refused).toBe(0n);
    for (const [number] of texts.entries()) own.end(endsOf(80, number), 2n);
    expect(findInMemory(own, "QQQQQQ")).toBe(-1);
  });
});
