import { describe, expect, it } from "vitest";
import { answer, framed, message, opt, query, TYPE } from "./dns-messages.ts";
import { endsOf, newParsers, type Step, type StreamOptions, stream, summaries } from "./harness.ts";

const SECOND_NS = 1_000_000_000n;

const overUdp = (steps: readonly Step[], options: StreamOptions = {}) =>
  stream(newParsers(), steps, { ends: endsOf(53, 0, "udp"), ...options });
const overTcp = (steps: readonly Step[], options: StreamOptions = {}) =>
  stream(newParsers(), steps, { ends: endsOf(53), ...options });

const callsOf = (steps: readonly Step[]) => summaries(overUdp(steps).calls);

describe("a query and its answer", () => {
  it("are a call with times, sizes and ends", () => {
    const [asked, told] = [query("www.Example.org"), answer("www.Example.org")];
    const { calls } = overUdp([{ client: asked }, { server: told }]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      protocol: "dns",
      method: "A",
      resource: "www.Example.org",
      status: "NOERROR",
      error: false,
      transport: "udp",
      source: { address: "192.0.2.1", port: 40_000 },
      destination: { address: "192.0.2.2", port: 53 },
      requestBytes: BigInt(asked.length),
      responseBytes: BigInt(told.length),
      startNs: 1_000_000n,
      latencyNs: 1_000_000n,
      firstByteLatencyNs: 1_000_000n,
      notes: [],
    });
  });

  it("count the length prefix over TCP, and time the answer to its last byte", () => {
    const told = framed(answer("a.test"));
    const { calls } = overTcp([
      { client: framed(query("a.test")) },
      { server: told.subarray(0, 5) },
      { server: told.subarray(5) },
    ]);
    expect(calls[0]).toMatchObject({
      responseBytes: BigInt(told.length),
      latencyNs: 2_000_000n,
      firstByteLatencyNs: 1_000_000n,
    });
  });

  it("belong together by id, type and name, in any order", () => {
    const steps: Step[] = [
      {
        client: framed(
          query("a.test", { id: 1 }),
          query("b.test", { id: 2 }),
          query("c.test", { id: 1 }),
        ),
      },
      { server: framed(answer("c.test", { id: 1, rcode: 3 }), answer("b.test", { id: 2 })) },
      { server: framed(answer("a.test", { id: 1, rcode: 2 })) },
    ];
    expect(summaries(overTcp(steps).calls)).toEqual([
      "A c.test NXDOMAIN",
      "A b.test NOERROR",
      "A a.test SERVFAIL",
    ]);
  });

  it("match whatever the case of letters, and show the name as it was asked", () => {
    expect(callsOf([{ client: query("ExAmple.org") }, { server: answer("exaMPLE.ORG") }])).toEqual([
      "A ExAmple.org NOERROR",
    ]);
  });

  it("are the other way round when the other side asks", () => {
    const { calls } = overUdp([
      { server: query("a.test", { id: 1 }) },
      { client: query("b.test", { id: 2 }) },
      { client: answer("a.test", { id: 1 }) },
      { server: answer("b.test", { id: 2 }) },
    ]);
    expect(calls.map(({ resource, source }) => [resource, source.port])).toEqual([
      ["a.test", 53],
      ["b.test", 40_000],
    ]);
  });
});

describe("what a call says", () => {
  it.each([
    [TYPE.AAAA, "AAAA"],
    [65, "HTTPS"],
    [255, "ANY"],
    [32_769, "DLV"],
    [0, "TYPE0"],
    [54, "TYPE54"],
    [265, "TYPE265"],
    [65_535, "TYPE65535"],
  ])("type %i is %s", (type, name) => {
    expect(callsOf([{ client: query("", { questions: [{ name: "a.test", type }] }) }])).toEqual([
      `${name} a.test `,
    ]);
  });

  it.each([
    [0, 0, "NOERROR", false],
    [1, 0, "FORMERR", false],
    [2, 0, "SERVFAIL", true],
    [3, 0, "NXDOMAIN", false],
    [4, 0, "NOTIMP", true],
    [5, 0, "REFUSED", true],
    [11, 0, "DSOTYPENI", false],
    [12, 0, "RCODE12", false],
    [0, 1, "BADVERS", false],
    [7, 1, "BADCOOKIE", false],
    [15, 255, "RCODE4095", false],
  ])("code %i with %i in the OPT record is %s", (rcode, high, status, error) => {
    const told = answer("a.test", { rcode, additional: [opt(high)] });
    const { calls } = overUdp([{ client: query("a.test") }, { server: told }]);
    expect(calls[0]).toMatchObject({ status, error });
  });

  it.each([
    ["nothing but the root", "\0", ""],
    ["a dot within a label", "\x03a.b\x01c\0", "a\\.b.c"],
    ["a backslash", "\x02a\\\0", "a\\\\"],
    ["what cannot be typed", "\x03 \x00\xff\0", "\\032\\000\\255"],
  ])("names may have %s", (_, bytes, resource) => {
    const name = Buffer.from(bytes, "latin1");
    const { calls } = overUdp([{ client: query("", { questions: [{ name }] }) }]);
    expect(calls[0]).toMatchObject({ resource });
  });

  it("a name of 255 bytes is one, of 256 none", () => {
    const longest = `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(61)}`;
    expect(callsOf([{ client: query(longest) }])).toEqual([`A ${longest} `]);
    expect(callsOf([{ client: query(`${longest}b`) }])).toEqual([]);
  });

  it("the first of several questions names it", () => {
    const questions = [{ name: "a.test" }, { name: "b.test", type: TYPE.AAAA }];
    const told = message({ questions, isResponse: true, rcode: 0, additional: [opt(1)] });
    expect(callsOf([{ client: message({ questions }) }, { server: told }])).toEqual([
      "A a.test BADVERS",
    ]);
  });

  it("a truncated answer is noted", () => {
    const { calls } = overUdp([
      { client: query("a.test") },
      { server: answer("a.test", { flags: 0x380 }).subarray(0, 30) },
    ]);
    expect(calls[0]).toMatchObject({ status: "NOERROR", notes: ["truncated"] });
  });
});

describe("what is missing", () => {
  it("a query asked again is one call, begun with the first", () => {
    const { calls } = overUdp([
      { client: query("a.test") },
      { client: query("a.test") },
      { server: answer("a.test") },
      { server: answer("a.test") },
    ]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ notes: ["retried"], latencyNs: 2_000_000n });
  });

  it("asked again after the answer it is another", () => {
    const pair = [{ client: query("a.test") }, { server: answer("a.test") }];
    expect(callsOf([...pair, ...pair])).toEqual(["A a.test NOERROR", "A a.test NOERROR"]);
  });

  it("an answer whose query was not seen tells the question, and no latency", () => {
    const { calls } = overUdp([{ server: answer("a.test") }, { server: answer("a.test") }]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      status: "NOERROR",
      notes: ["request_gap"],
      latencyNs: undefined,
      source: { port: 40_000 },
    });
  });

  it("an answer without a question belongs to the oldest query with its id", () => {
    const bare = message({ isResponse: true, questions: [], rcode: 1 });
    expect(
      callsOf([{ client: query("a.test") }, { client: query("b.test") }, { server: bare }]),
    ).toEqual(["A a.test FORMERR", "A b.test "]);
    expect(callsOf([{ client: query("a.test", { id: 8 }) }, { server: bare }])).toEqual([
      "A a.test ",
    ]);
  });

  it("a query that nobody answers is given up after half a minute", () => {
    const parsers = newParsers();
    const ends = endsOf(53, 0, "udp");
    const first = stream(parsers, [{ client: query("a.test") }], { ends, open: true });
    const startNs = 30n * SECOND_NS;
    const before = stream(parsers, [{ client: query("b.test") }], { ends, open: true, startNs });
    const after = stream(parsers, [{ client: query("c.test") }], {
      ends,
      open: true,
      startNs: startNs + 2_000_000n,
    });
    expect([first.calls, before.calls]).toEqual([[], []]);
    expect(after.calls).toMatchObject([
      { resource: "a.test", status: "", latencyNs: undefined, notes: ["no_response", "timeout"] },
    ]);
  });

  it("of too many the oldest is given up", () => {
    const ids = Array.from({ length: 600 }, (_, id) => id);
    const { calls } = overUdp(ids.map((id) => ({ client: query("a.test", { id }) })));
    expect(calls).toHaveLength(600);
    const evicted = calls.filter(({ notes }) => notes.includes("evicted"));
    expect(evicted).toHaveLength(600 - 512);
    // Ids that fall into one bucket of the index have a share of it.
    const sameBucket = overUdp(
      ids.map((id) => ({ client: query("a.test", { id: id * 32 }) })),
    ).calls;
    expect(sameBucket.filter(({ notes }) => notes.includes("evicted"))).toHaveLength(600 - 32);
  });
});
