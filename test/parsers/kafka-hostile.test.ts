/** Kafka from somebody who wants to do harm: no trap, bounded state, no secret kept. */

import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { endsOf, findInMemory, hex, newParsers, type Step, stream } from "./harness.ts";
import { WARM_UP } from "./kafka-bytes.ts";
import {
  DEFINITIONS,
  frame,
  MessageWriter,
  randomOf,
  readApis,
  SECRET,
} from "./kafka-definitions.ts";

const PORT = { ends: endsOf(9092) };
const repeated = (bytes: Uint8Array, times: number): Uint8Array => {
  const all = new Uint8Array(bytes.length * times);
  for (let index = 0; index < times; index++) all.set(bytes, index * bytes.length);
  return all;
};

describe("a count or a length", () => {
  it.each([
    ["an array beyond the message", 3, 1, "7fffffff 0001 61"],
    ["an array of negative count", 3, 1, "80000000 0001 61"],
    ["a string beyond the message", 3, 1, "00000001 7fff 61"],
    ["a varint without an end", 3, 9, "00 ffffffffffff 00 00 00 00 00"],
    ["a varint of 35 bits", 3, 9, "00 ffffffff7f 00 00 00 00 00"],
    [
      "fixed elements that overflow 32 bits",
      1,
      11,
      `ffffffff ${"00".repeat(17)}
      00000000 00000001 0001 61 7fffffff`,
    ],
    ["tagged fields beyond the message", 3, 9, "00 01 00 00 00 ffff03"],
    ["a tag beyond the message", 3, 9, "00 01 00 00 00 01 05 ffff03"],
  ])("%s makes the message a misfit", (_, key, version, body) => {
    const message = frame({ key, version, id: 2 }, hex(`ffff ${body}`));
    const after = frame({ key: 12, version: 0, id: 3 }, hex("ffff 0001 67 00000001 0001 6d"));
    for (const pieces of [1000, 1]) {
      const steps = [...WARM_UP, { client: message }, { client: after }];
      const { calls } = stream(newParsers(), steps, { ...PORT, pieces });
      expect(calls.map(({ method, notes }) => [method, notes])).toEqual([
        ["ApiVersions", []],
        [key === 3 ? "Metadata" : "Fetch", ["no_response", "malformed"]],
        ["Heartbeat", ["no_response"]],
      ]);
    }
  });
});

describe("a flood", () => {
  it("of requests keeps a bounded number of them", () => {
    const parsers = newParsers();
    const heartbeat = frame({ key: 12, version: 0, id: 3 }, hex("ffff 0001 67 00000001 0001 6d"));
    const steps = [...WARM_UP, { client: repeated(heartbeat, 20_000) }];
    const { calls } = stream(parsers, steps, PORT);
    expect(calls.filter(({ notes }) => notes.includes("evicted")).length).toBe(20_000 - 1024);
    expect(calls.length).toBe(20_001);
  });

  it("of requests while the first one is being answered loses no other", () => {
    const heartbeat = (id: number): Uint8Array =>
      frame({ key: 12, version: 0, id }, hex("ffff 0001 67 00000001 0001 6d"));
    const many = Buffer.concat([...Array(1500)].map((_, index) => heartbeat(index + 2)));
    const answer = frame({ id: 2 }, hex("0019"));
    const steps: Step[] = [
      ...WARM_UP,
      { client: many.subarray(0, heartbeat(0).length) },
      { server: answer.subarray(0, 9) },
      { client: many.subarray(heartbeat(0).length) },
      { server: answer.subarray(9) },
      { server: frame({ id: 1501 }, hex("0019")) },
    ];
    const { calls } = stream(newParsers(), steps, PORT);
    expect(calls.length).toBe(1501);
    expect(calls.filter(({ status }) => status === "25").length).toBe(0);
    expect(calls.filter(({ notes }) => notes.includes("evicted")).length).toBe(1500 - 1024);
  });

  it("of responses nobody asked for is counted", () => {
    const parsers = newParsers();
    const steps = [...WARM_UP, { server: repeated(frame({ id: 77 }, hex("")), 5000) }];
    expect(stream(parsers, steps, PORT).calls.length).toBe(1);
    expect(parsers.counters().responses_orphaned).toBe(5000n);
  });

  it("of bytes after a size that is none dies", () => {
    const steps = [...WARM_UP, { client: hex("7fffffff") }, { client: SECRET.repeat(50) }];
    const { redacted } = stream(newParsers(), steps, PORT);
    expect(redacted.slice(2).join("")).toMatch(/^~+$/);
  });
});

/** Bytes turned, left out, doubled; pieces of any size; holes. */
function mangle(steps: readonly Step[], random: (below: number) => number): Step[] {
  return steps.flatMap((step): Step[] => {
    if (!("client" in step || "server" in step)) return [step];
    const side = "client" in step ? "client" : "server";
    const whole = Buffer.from("client" in step ? step.client : step.server);
    let bytes = whole;
    for (let times = random(4); times > 0; times--) {
      const at = random(bytes.length);
      const kind = random(4);
      if (kind === 0) bytes[at] = random(256);
      else if (kind === 1) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)] ?? 0;
      else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      else bytes = Buffer.concat([bytes.subarray(0, at), whole.subarray(random(whole.length))]);
    }
    const of = (part: Buffer): Step => (side === "client" ? { client: part } : { server: part });
    const cut = random(bytes.length + 1);
    const parts = [of(bytes.subarray(0, cut)), of(bytes.subarray(cut))];
    if (random(3) > 0) return parts;
    const gap: Step = { gap: side, size: random(3) === 0 ? 0 : random(100) };
    return [parts[0] as Step, gap, parts[1] as Step];
  });
}

it("mangled messages never trap, and leave no secret behind", (ctx) => {
  requireOrSkip(
    ctx,
    existsSync(DEFINITIONS) || "no ../shared/corpus/kafka-schemas",
    "the Kafka message definitions",
  );
  const apis = readApis();
  const parsers = newParsers();
  const windows = [...SECRET].map((_, index) => SECRET.repeat(2).slice(index, index + 6));
  for (let seed = 0; seed < 6000; seed++) {
    const random = randomOf(seed);
    const steps: Step[] = [];
    for (let message = 0; message < 3; message++) {
      const api = apis[random(apis.length)] as (typeof apis)[number];
      const version = random(api.last + 1);
      const request = new MessageWriter(api.request, version, random).message(SECRET);
      const response = new MessageWriter(api.response, version, random).message(undefined);
      const id = 2 + message;
      steps.push({ client: frame({ key: api.key, version, id }, request.bytes) });
      steps.push({ server: frame({ id }, response.bytes) });
    }
    const ends = endsOf(9092, seed % 500);
    const pieces = random(2) === 0 ? 10_000 : 1 + random(20);
    // Where the protocol is not told yet 128 bytes may be held: those connections end at once.
    const open = seed % 2 === 0;
    const all = open
      ? [...WARM_UP, ...mangle(steps, random)]
      : mangle([...WARM_UP, ...steps], random);
    const left = stream(parsers, all, { ends, pieces, open }).redacted;
    const text = left.join("");
    expect(
      windows.filter((window) => text.includes(window)),
      `seed ${seed}`,
    ).toEqual([]);
    // Connections stay open over several rounds, so that what they hold is looked through too.
    if (seed % 500 < 499) continue;
    expect(
      windows.filter((window) => findInMemory(parsers, window) >= 0),
      `to ${seed}`,
    ).toEqual([]);
    for (let number = 0; number < 500; number += 2) parsers.end(endsOf(9092, number), 1n);
  }
  expect(parsers.counters().parser_traps).toBe(0n);
});
