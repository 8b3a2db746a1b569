/** Kafka connections with holes: what is known is told, the rest is looked for, none invented. */

import { describe, expect, it } from "vitest";
import { endsOf, hex, newParsers, type Step, stream, summaries } from "./harness.ts";
import { frame } from "./kafka-definitions.ts";

const PORT = { ends: endsOf(9092) };
const CLIENT = "0003 617070"; // "app"

const request = (key: number, version: number, id: number, body: string): Uint8Array =>
  frame({ key, version, id }, hex(`${CLIENT}${body}`));
const heartbeat = (id: number): Step => ({
  client: request(12, 0, id, "0001 67 00000001 0001 6d"),
});
const beaten = (id: number): Step => ({ server: frame({ id }, hex("0019")) });
const WARM_UP: readonly Step[] = [heartbeat(1), beaten(1)];

const RECORDS = "5a".repeat(3000);
/** Fetch v4 of two topics, and a response with records and an error for the second. */
const fetch = (id: number): Uint8Array => {
  const topic = (name: string) => `0001 ${name} 00000001 00000000 ${"00".repeat(8)} 00001000`;
  return request(
    1,
    4,
    id,
    `ffffffff 00000000 00000000 00001000 00
    00000002 ${topic("61")} ${topic("62")}`,
  );
};
const fetched = (id: number): Uint8Array => {
  const partition = (error: string, records: string) =>
    `00000001 00000000 ${error} ${"00".repeat(16)} ffffffff
     ${(records.length / 2).toString(16).padStart(8, "0")} ${records}`;
  return frame(
    { id },
    hex(`00000000 00000002 0001 61 ${partition("0000", RECORDS)} 0001 62 ${partition("0006", "")}`),
  );
};

/** The bytes without [from, to), which are missing. */
const holed = (side: "client" | "server", bytes: Uint8Array, from: number, to: number): Step[] => {
  const step = (part: Uint8Array): Step =>
    side === "client" ? { client: part } : { server: part };
  return [step(bytes.slice(0, from)), { gap: side, size: to - from }, step(bytes.slice(to))];
};
const run = (steps: readonly Step[], pieces = 10_000) =>
  stream(newParsers(), [...WARM_UP, ...steps], { ...PORT, pieces }).calls.slice(1);

const AFTER = [heartbeat(9), beaten(9)];

describe.each([10_000, 1, 7])("in pieces of %i bytes, a gap", (pieces) => {
  it("in records loses nothing", () => {
    const calls = run(
      [{ client: fetch(2) }, ...holed("server", fetched(2), 100, 2900), ...AFTER],
      pieces,
    );
    expect(summaries(calls)).toEqual(["Fetch a,b 6", "Heartbeat  25"]);
    expect(calls[0]?.notes).toEqual(["response_gap"]);
    expect(Number(calls[0]?.responseBytes)).toBe(fetched(2).length);
  });

  it("in the fields of a response leaves its status out", () => {
    const bytes = fetched(2);
    const calls = run(
      [{ client: fetch(2) }, ...holed("server", bytes, 20, bytes.length - 4), ...AFTER],
      pieces,
    );
    expect(summaries(calls)).toEqual(["Fetch a,b ", "Heartbeat  25"]);
    expect(calls[0]?.notes).toEqual(["response_gap"]);
  });

  it("to the very end of a message ends it", () => {
    const bytes = fetched(2);
    const calls = run(
      [{ client: fetch(2) }, ...holed("server", bytes, 20, bytes.length), ...AFTER],
      pieces,
    );
    expect(summaries(calls)).toEqual(["Fetch a,b ", "Heartbeat  25"]);
  });

  it("in a request keeps the topics before it", () => {
    const calls = run(
      [...holed("client", fetch(2), 50, 75), { server: fetched(2) }, ...AFTER],
      pieces,
    );
    expect(summaries(calls)).toEqual(["Fetch a 6", "Heartbeat  25"]);
    expect(calls[0]?.notes).toEqual(["request_gap"]);
  });

  it.each([
    ["the size", 0, 3],
    ["the header", 2, 7],
    ["more than a message", 90, 4000],
  ])("over %s of requests is passed", (_, from, to) => {
    const lost = Buffer.concat([...Array(50)].map(() => fetch(2)));
    const found = [heartbeat(7), beaten(7), ...AFTER];
    const calls = run([...holed("client", lost, from, to), ...found], pieces);
    expect(calls.filter(({ status }) => status === "25").length).toBe(2);
    expect(calls.filter(({ method }) => method !== "Fetch").length).toBe(2);
    expect(calls.every(({ status, notes }) => status === "25" || notes.length > 0)).toBe(true);
  });

  it("of unknown size in responses is passed", () => {
    const steps: Step[] = [
      { client: fetch(2) },
      { client: fetch(3) },
      heartbeat(4),
      { server: fetched(2).slice(0, 500) },
      { gap: "server", size: 0 },
      { server: fetched(3).slice(1000) },
      beaten(4),
      ...AFTER,
    ];
    const calls = run(steps, pieces);
    expect(summaries(calls)).toEqual([
      "Fetch a,b ",
      "Heartbeat  25",
      "Heartbeat  25",
      "Fetch a,b ",
    ]);
    expect(calls[0]?.notes).toEqual(["response_gap"]);
    expect(calls[3]?.notes).toEqual(["no_response"]);
  });
});

it("a gap that is never made up for ends the connection after a megabyte", () => {
  const parsers = newParsers();
  const noise: Step = { client: new Uint8Array(1_100_000).fill(0x41) };
  const steps = [...WARM_UP, { gap: "client", size: 0 } as const, noise, ...AFTER];
  const { calls, redacted } = stream(parsers, steps, PORT);
  expect(summaries(calls)).toEqual(["Heartbeat  25"]);
  expect(parsers.counters().malformed).toBe(1n);
  expect(redacted[4]).toMatch(/^~+$/);
});

it("a response cut off by the end of the connection is told as a part", () => {
  const cut: Step[] = [{ client: fetch(2) }, { server: fetched(2).slice(0, 200) }];
  for (const end of [[{ finish: "server" } as const], []]) {
    const calls = run([...cut, ...end]);
    expect(calls[0]).toMatchObject({ resource: "a,b", status: "", notes: ["truncated"] });
  }
});
