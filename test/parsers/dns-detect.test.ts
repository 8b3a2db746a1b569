import { describe, expect, it } from "vitest";
import { answer, framed, message, opt, over, query, TYPE } from "./dns-messages.ts";
import { type Step, summaries } from "./harness.ts";

describe("detection", () => {
  it("tells DNS on any port by its bytes, from either side", () => {
    for (const transport of ["tcp", "udp"] as const) {
      const whole = (bytes: Buffer) => (transport === "tcp" ? framed(bytes) : bytes);
      const asked = { client: whole(query("a.test", { additional: [opt()] })) };
      const told = { server: whole(answer("a.test", { additional: [opt()] })) };
      expect(summaries(over(transport, [asked, told], { port: 4343 }).calls)).toEqual([
        "A a.test NOERROR",
      ]);
      expect(summaries(over(transport, [told], { port: 4343 }).calls)).toEqual([
        "A a.test NOERROR",
      ]);
    }
  });

  it("takes a name longer than what may be held", () => {
    const name = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}`;
    const steps: Step[] = [{ client: framed(query(name)) }, { server: framed(answer(name)) }];
    for (const pieces of [1, 100, 1000]) {
      expect(summaries(over("tcp", steps, { port: 4343, pieces }).calls)).toEqual([
        `A ${name} NOERROR`,
      ]);
    }
  });

  it.each([
    ["bytes behind the last record", Buffer.concat([query("a.test"), Buffer.from("x")])],
    ["a response code in a query", query("a.test", { rcode: 1 })],
    ["an answer in a query", query("a.test", { answers: [{ name: "a.test" }] })],
    ["two questions", message({ questions: [{ name: "a.test" }, { name: "b.test" }] })],
    ["a type without a name", query("", { questions: [{ name: "a.test", type: 9999 }] })],
    ["a class that is none", query("", { questions: [{ name: "a.test", group: 77 }] })],
    ["a name that cannot be typed", query("a\x01.test")],
    ["an opcode that is none", query("a.test", { opcode: 9 })],
  ])("does not guess where there is %s", (_, bytes) => {
    const { calls, redacted } = over("udp", [{ client: bytes }], { port: 4343 });
    expect(calls).toEqual([]);
    expect(redacted[0]).toMatch(/^~+$/);
  });

  it("does not take NetBIOS names for DNS", () => {
    const asked = { client: query("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") };
    expect(over("udp", [asked], { port: 137 }).calls).toEqual([]);
    expect(over("udp", [asked], { port: 138 }).calls).toHaveLength(1);
  });

  it("obeys the operator", () => {
    const hints = new Map([
      [53, "kafka" as const],
      [9999, "dns" as const],
    ]);
    const asked: Step[] = [{ client: query("a.test", { opcode: 9 }) }];
    expect(over("udp", asked, { parsers: { hints } }).calls).toEqual([]);
    expect(over("udp", asked, { parsers: { hints }, port: 9999 }).calls).toHaveLength(1);
  });

  it("makes no call of multicast questions and of answers to them", () => {
    const ends = {
      transport: "udp" as const,
      client: { address: Uint8Array.of(192, 0, 2, 1), port: 5353 },
      server: { address: Uint8Array.of(224, 0, 0, 251), port: 5353 },
    };
    const group = [{ client: query("a.local") }, { client: answer("a.local") }];
    expect(over("udp", group, { ends }).calls).toEqual([]);
    expect(over("udp", [{ server: answer("a.local") }], { port: 5355 }).calls).toEqual([]);
    const direct = [{ client: query("a.local") }, { server: answer("a.local") }];
    expect(over("udp", direct, { port: 5355 }).calls).toHaveLength(1);
  });
});

describe("a zone transfer", () => {
  const soa = { name: "test", type: TYPE.SOA, data: "soa" };
  const transfer = (parts: object) =>
    answer("test", { questions: [{ name: "test", type: TYPE.AXFR }], ...parts });
  const asked: Step = {
    client: framed(query("", { questions: [{ name: "test", type: TYPE.AXFR }] })),
  };

  it("lasts until its second SOA record", () => {
    const parts = [
      transfer({ answers: [soa, { name: "a.test" }] }),
      transfer({ questions: [], answers: [{ name: "b.test" }] }),
      transfer({ answers: [{ name: "c.test" }, soa] }),
    ];
    const { calls } = over("tcp", [asked, ...parts.map((part) => ({ server: framed(part) }))]);
    expect(calls).toMatchObject([
      {
        method: "AXFR",
        status: "NOERROR",
        firstByteLatencyNs: 1_000_000n,
        latencyNs: 3_000_000n,
        responseBytes: BigInt(framed(...parts).length),
        notes: [],
      },
    ]);
  });

  it("that is refused is over at once", () => {
    const { calls } = over("tcp", [asked, { server: framed(transfer({ answers: [], rcode: 5 })) }]);
    expect(calls).toMatchObject([{ status: "REFUSED", error: true }]);
  });
});
