import { describe, expect, it } from "vitest";
import { answer, framed, message, opt, over, query, TYPE } from "./dns-messages.ts";
import {
  endsOf,
  findInMemory,
  newParsers,
  type Step,
  type Streamed,
  stream,
  summaries,
} from "./harness.ts";

const SECRET = "xSECRETx";

const rich = answer("a.test", {
  questions: [{ name: "a.test" }, { name: SECRET }],
  answers: [
    { name: Buffer.from([0xc0, 0x0c]), type: TYPE.TXT, data: SECRET },
    { name: `${SECRET}.test`, data: SECRET },
  ],
  authority: [{ name: "test", type: TYPE.SOA, data: SECRET }],
  additional: [opt(1, SECRET)],
});

describe("redaction", () => {
  it("keeps header and question, nothing behind", () => {
    const { redacted } = over("udp", [
      { client: query("a.test", { additional: [opt(0, SECRET)] }) },
      { server: rich },
    ]);
    for (const text of redacted) {
      expect(text.slice(12, 24)).toBe("\x01a\x04test~~\x01~\x01");
      expect(text.slice(24)).toMatch(/^~+$/);
    }
  });

  it.each(["template", "off"] as const)("the name dies too where l7_resource is %s", (resource) => {
    const parsers = newParsers({ resource });
    const name = "0123456789abcdef0123.example";
    const steps: Step[] = [{ client: framed(query(name)) }, { server: framed(answer(name)) }];
    for (const pieces of [1, 100]) {
      const { calls, redacted } = stream(parsers, steps, { ends: endsOf(53), pieces });
      expect(summaries(calls)).toEqual([
        resource === "off" ? "A  NOERROR" : "A {id}.example NOERROR",
      ]);
      expect(redacted.join("")).not.toContain("0123");
      expect(findInMemory(parsers, "012345")).toBe(-1);
    }
  });

  it("zeroes nothing in mode full", () => {
    const { redacted } = over("udp", [{ server: rich }], { parsers: { redaction: "full" } });
    expect(redacted[0]).toContain(SECRET);
  });
});

describe("chunks", () => {
  const steps: Step[] = [
    { client: framed(query("a.test"), query("b.test", { id: 8, additional: [opt(0, SECRET)] })) },
    { server: framed(rich, answer("b.test", { id: 8, rcode: 5 })) },
  ];
  // Of the client bytes are held for detection, and those die.
  const shown = ({ calls, redacted: [, told] }: Streamed) => [
    calls.map(({ method, resource, status, notes }) => [method, resource, status, notes]),
    told,
  ];

  it("do not matter, wherever they are cut", () => {
    const whole = shown(over("tcp", steps));
    expect(whole[0]).toEqual([
      ["A", "a.test", "BADVERS", []],
      ["A", "b.test", "REFUSED", []],
    ]);
    for (let pieces = 1; pieces < 40; pieces++) {
      expect(shown(over("tcp", steps, { pieces }))).toEqual(whole);
    }
    for (let cut = 1; cut < framed(rich).length + 40; cut++) {
      expect(shown(over("tcp", steps, { cuts: [cut] }))).toEqual(whole);
    }
  });

  it("keep no secret that they cut", () => {
    const parsers = newParsers();
    const bytes = framed(rich);
    for (let length = 1; length < bytes.length; length++) {
      stream(parsers, [{ client: framed(query("a.test")) }], { ends: endsOf(53), open: true });
      stream(parsers, [{ server: bytes.subarray(0, length) }], {
        ends: endsOf(53),
        open: true,
        pieces: 3,
      });
      expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
      parsers.end(endsOf(53), 9_000_000n);
    }
  });
});

describe("holes", () => {
  const asked = framed(query("a.test"), query("b.test", { id: 8 }));
  const first = framed(answer("a.test", { additional: [opt(1)] }));
  const second = framed(answer("b.test", { id: 8 }));

  it("within the records cost what they cover", () => {
    const { calls } = over("tcp", [
      { client: asked },
      { server: first.subarray(0, 30) },
      { gap: "server", size: first.length - 30 - 4 },
      { server: Buffer.concat([first.subarray(-4), second]) },
    ]);
    expect(calls.map(({ status, notes }) => [status, notes])).toEqual([
      ["NOERROR", ["response_gap"]],
      ["NOERROR", []],
    ]);
  });

  it("within the question leave the id", () => {
    const { calls } = over("tcp", [
      { client: asked },
      { server: first.subarray(0, 16) },
      { gap: "server", size: first.length - 16 },
      { server: second },
    ]);
    expect(summaries(calls)).toEqual(["A a.test NOERROR", "A b.test NOERROR"]);
  });

  it.each([0, 400])("of %i bytes across messages are over where a message begins", (size) => {
    const { calls, redacted } = over("tcp", [
      { client: asked },
      { server: first.subarray(0, 20) },
      { gap: "server", size },
      { server: `${SECRET} is no message` },
      { server: second },
    ]);
    expect(summaries(calls)).toEqual(["A a.test NOERROR", "A b.test NOERROR"]);
    expect(calls.map(({ notes }) => notes)).toEqual([["response_gap"], ["response_gap"]]);
    expect(redacted[2]).toMatch(/^~+$/);
  });

  it("in a query make an answer that asks for itself", () => {
    const { calls } = over("tcp", [
      { client: asked.subarray(0, 20) },
      { gap: "client", size: asked.length - 20 },
      { server: Buffer.concat([first, second]) },
    ]);
    expect(calls.map(({ resource, notes }) => [resource, notes])).toEqual([
      ["a.test", ["request_gap", "mid_join"]],
      ["b.test", ["request_gap", "mid_join"]],
    ]);
  });

  it("at the end of the direction: the answer says what it said", () => {
    const { calls } = over("tcp", [
      { client: asked },
      { server: first.subarray(0, 40) },
      { finish: "server" },
    ]);
    expect(calls.map(({ status, notes }) => [status, notes])).toEqual([
      ["NOERROR", ["truncated"]],
      ["", ["no_response"]],
    ]);
  });
});

describe("broken grammar", () => {
  const pair: Step[] = [{ client: framed(query("a.test")) }, { server: framed(answer("a.test")) }];
  const pointer = query("", { questions: [{ name: Buffer.from([1, 0x61, 0xc0, 0x0c]) }] });

  it.each([
    ["a pointer in a question", pointer],
    ["a label of 64 bytes", query("", { questions: [{ name: Buffer.alloc(65, 64) }] })],
    ["a message shorter than its question", query("a.test").subarray(0, 16)],
    ["a message shorter than a header", Buffer.from("short")],
    ["too many questions", message({ questions: Array(65).fill({ name: "a.test" }) })],
  ])("%s ends the stream", (_, bad) => {
    for (const pieces of [1, 1000]) {
      const rest = framed(bad, query("b.test"), Buffer.from(SECRET));
      const { calls, redacted } = over("tcp", [...pair, { client: rest }, ...pair], { pieces });
      expect(summaries(calls)).toEqual(["A a.test NOERROR"]);
      expect(redacted[2]).not.toContain("b");
      expect(redacted[3]).toMatch(/^~+$/);
    }
  });

  it("in the records the call keeps what was decided", () => {
    const bad = answer("a.test", {
      answers: [{ name: Buffer.from([0x80]) }],
      additional: [opt(1)],
    });
    const { calls } = over("tcp", [{ client: framed(query("a.test")) }, { server: framed(bad) }]);
    expect(calls).toMatchObject([{ status: "NOERROR", notes: ["malformed"] }]);
  });

  it("of a datagram is over with it", () => {
    const bad = answer("a.test", { additional: [opt(1)] }).subarray(0, 50);
    const { calls } = over("udp", [
      { client: pointer },
      { client: query("a.test") },
      { server: bad },
      { client: query("b.test") },
    ]);
    expect(calls.map(({ resource, notes }) => [resource, notes])).toEqual([
      ["a.test", ["malformed"]],
      ["b.test", ["no_response"]],
    ]);
  });
});
