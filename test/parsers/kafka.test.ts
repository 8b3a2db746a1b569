/** Kafka calls: which response belongs to which request, and what neither header nor body tells. */

import { describe, expect, it } from "vitest";
import { endsOf, findInMemory, newParsers, type Step, stream, summaries } from "./harness.ts";
import {
  CLIENT,
  compact,
  heartbeat,
  PORT,
  produce,
  produced,
  request,
  response,
  run,
  text,
  WARM_UP,
} from "./kafka-bytes.ts";

describe("calls", () => {
  it("have the name of the API, its topics and the first error", () => {
    const { calls } = run([
      ...WARM_UP,
      produce(2, "orders", "0001"),
      produced(2, "orders", "0006"),
    ]);
    expect(summaries(calls)).toEqual(["ApiVersions  0", "Produce orders 6"]);
    expect(calls.map(({ error }) => error)).toEqual([false, true]);
    expect(calls[1]).toMatchObject({ protocol: "kafka", latencyNs: 1_000_000n, notes: [] });
  });

  it("tell the error -1 and the time of the first byte of request and response", () => {
    const sent = produce(2, "orders", "0001").client;
    const got = produced(2, "orders", "ffff").server;
    const parsers = newParsers();
    stream(parsers, WARM_UP, { ...PORT, open: true });
    parsers.chunk(PORT.ends, "client", sent.slice(0, 3), 100n);
    parsers.chunk(PORT.ends, "client", sent.slice(3), 200n);
    parsers.chunk(PORT.ends, "server", got.slice(0, 2), 300n);
    const records = parsers.chunk(PORT.ends, "server", got.slice(2), 500n);
    expect(records[0]).toMatchObject({
      status: "-1",
      error: true,
      startNs: 100n,
      firstByteLatencyNs: 200n,
      latencyNs: 400n,
      requestBytes: BigInt(sent.length),
      responseBytes: BigInt(got.length),
    });
  });

  it("are matched by their correlation ids, in any order", () => {
    const { calls } = run([
      ...WARM_UP,
      produce(7, "seven", "0001"),
      produce(8, "eight", "0001"),
      produce(9, "nine", "0001"),
      produced(7, "seven"),
      produced(9, "nine", "0003"),
      produced(8, "eight"),
    ]);
    expect(summaries(calls).slice(1)).toEqual([
      "Produce seven 0",
      "Produce nine 3",
      "Produce eight 0",
    ]);
  });

  it("are given up when the connection ends", () => {
    const { calls } = run([...WARM_UP, heartbeat(2)]);
    expect(calls[1]).toMatchObject({ method: "Heartbeat", status: "", notes: ["no_response"] });
  });

  it("without acknowledgement end with the next request, or are answered all the same", () => {
    const { calls } = run([
      ...WARM_UP,
      produce(2, "quiet", "0000"),
      produce(3, "loud", "0000"),
      produced(3, "loud"),
      heartbeat(4),
      response(4, "0000"),
    ]);
    expect(summaries(calls).slice(1)).toEqual(["Produce quiet ", "Produce loud 0", "Heartbeat  0"]);
    expect(calls[1]).toMatchObject({ error: false, notes: ["no_response"] });
  });

  it("of unknown versions and APIs have a name and no more", () => {
    const { calls } = run([
      ...WARM_UP,
      request(1, 99, 2, "00112233"),
      response(2, "0006"),
      request(321, 0, 3, "00112233"),
      response(3, "0006"),
      heartbeat(4),
      response(4, "0019"),
    ]);
    expect(summaries(calls).slice(1)).toEqual(["Fetch  ", "API321  ", "Heartbeat  25"]);
    expect(calls[1]?.notes).toEqual(["unknown_field"]);
  });

  it("of ApiVersions in a version that the broker does not have are answered in version 0", () => {
    const client = `${CLIENT} 00 ${compact("lib")} ${compact("1.0")} 00`;
    const { calls } = run([
      request(18, 3, 1, "", client),
      response(1, "0023 00000001 0012 0000 0003"),
      request(18, 0, 2),
      response(2, "0000 00000000"),
    ]);
    expect(summaries(calls)).toEqual(["ApiVersions  35", "ApiVersions  0"]);
    expect(calls[0]?.notes).toEqual([]);
  });

  it("of the oldest ControlledShutdown have no client id", () => {
    const steps = [request(7, 0, 5, "00000001", ""), response(5, "0000 00000000")];
    expect(summaries(run([...WARM_UP, ...steps]).calls)[1]).toBe("ControlledShutdown  0");
    expect(summaries(run(steps).calls)).toEqual(["ControlledShutdown  0"]);
  });

  it("tell a topic once, and what fits", () => {
    const topics = (names: readonly string[]): string =>
      names.length.toString(16).padStart(8, "0") + names.map(text).join("");
    const metadata = (id: number, names: readonly string[]): Step[] => [
      request(3, 1, id, topics(names)),
      response(id, "00000000 ffffffff 00000000"),
    ];
    const many = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(200, "y"));
    const { calls } = run([
      ...WARM_UP,
      ...metadata(2, ["b", "a", "b", "a", "c"]),
      ...metadata(3, many),
      ...metadata(4, ["not a topic", "is-one"]),
      ...metadata(5, ["x".repeat(250), "y".repeat(249)]),
    ]);
    expect(calls[1]).toMatchObject({ resource: "b,a,c", notes: [] });
    expect(calls[2]).toMatchObject({
      resource: many.slice(0, 40).join(","),
      notes: ["resource_cut"],
    });
    expect(calls[3]).toMatchObject({ resource: "is-one", notes: ["malformed"] });
    expect(calls[4]).toMatchObject({ resource: "y".repeat(249), notes: ["malformed"] });
  });

  it("have no topic when resources are off", () => {
    const steps = [...WARM_UP, produce(2, "orders", "0001"), produced(2, "orders")];
    const parsers = newParsers({ resource: "off" });
    expect(summaries(stream(parsers, steps, PORT).calls)[1]).toBe("Produce  0");
    expect(findInMemory(parsers, "orders")).toBeGreaterThan(-1); // in the chunk, until the next
    stream(parsers, [{ client: "\u0001".repeat(400) }], { ends: endsOf(1) });
    stream(parsers, [{ client: "\u0001".repeat(400) }], { ends: endsOf(1) });
    expect(findInMemory(parsers, "orders")).toBe(-1);
  });
});

describe("topic ids", () => {
  const ID = "0102030405064708890a0b0c0d0e0f10";
  const metadata = [
    request(3, 12, 2, `00 00 00 00 00`),
    response(
      2,
      `00 00000000 01 00 00000000 02 0000 ${compact("orders")} ${ID} 00 01 00000000 00 00`,
    ),
  ];
  const fetch = (id: number): Step[] => [
    request(
      1,
      13,
      id,
      `00 ffffffff 00000000 00000000 00000000 00 00000000 00000000
      02 ${ID} 01 00 01 01 00`,
    ),
    response(id, "00 00000000 0000 00000000 01 00"),
  ];

  it("are told by Metadata, and known on every connection", () => {
    const parsers = newParsers();
    const first = stream(parsers, [...WARM_UP, ...metadata, ...fetch(3)], PORT);
    expect(summaries(first.calls).slice(1)).toEqual(["Metadata orders 0", "Fetch orders 0"]);
    const other = stream(parsers, [...WARM_UP, ...fetch(9)], { ends: endsOf(9093, 1) });
    expect(summaries(other.calls)[1]).toBe("Fetch orders 0");
    expect(other.calls[1]?.notes).toEqual([]);
  });

  const topicId = (index: number): string =>
    `1111111111114111a111${index.toString(16).padStart(12, "0")}`;

  it("that nobody told leave the topic out", () => {
    const { calls } = run([...WARM_UP, ...fetch(3)]);
    expect(calls[1]).toMatchObject({ method: "Fetch", resource: "", notes: ["topic_unresolved"] });
  });

  it("are forgotten with the rest, and bounded", () => {
    const parsers = newParsers();
    for (let round = 0; round < 3000; round++) {
      const id = topicId(round);
      const topic = compact(`topic-${round}`);
      stream(
        parsers,
        [
          ...WARM_UP,
          request(3, 12, 2, "00 00 00 00 00"),
          response(2, `00 00000000 01 00 00000000 02 0000 ${topic} ${id} 00 01 00000000 00 00`),
        ],
        { ends: endsOf(9092, round % 50) },
      );
    }
    expect(parsers.counters()).toMatchObject({ calls: 6000n, blocks_refused: 0n });
    const last = topicId(2999);
    const fetched = request(
      1,
      13,
      3,
      `00 ffffffff 00000000 00000000 00000000 00 00000000 00000000
      02 ${last} 01 00 01 01 00`,
    );
    const { calls } = stream(parsers, [...WARM_UP, fetched], PORT);
    expect(calls[1]?.resource).toBe("topic-2999");
  });
});
