/**
 * Messages of any shape, bent, in any order, cut anywhere, with holes: nothing traps, chunks do
 * not matter, and what the contract lets die is nowhere.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Side } from "../../src/wasm/parsers.ts";
import { type DnsRecord, framed, type Message, message, type Question } from "./dns-messages.ts";
import { endsOf, findInMemory, newParsers, type Step, type Streamed, stream } from "./harness.ts";

const SECRET = "<SECRET>";
const RUNS = { numRuns: 1000 };

const parsers = newParsers();
let number = 0;
/** A connection that was not there before. */
const freshEnds = (port: number, transport: "tcp" | "udp") =>
  endsOf(port, number++ % 20_000, transport);

const u16 = fc.integer({ min: 0, max: 0xffff });
const label = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" });
const typed = fc.array(label, { maxLength: 5 }).map((labels) => labels.join("."));
const anyName = fc.oneof(
  typed,
  fc.uint8Array({ maxLength: 300 }),
  fc.constant(Uint8Array.of(0xc0, 0x0c)),
);
const questionWith = (name: fc.Arbitrary<Question["name"]>): fc.Arbitrary<Question> =>
  fc.record({
    name,
    type: fc.oneof(fc.constantFrom(1, 28, 252), u16),
    group: fc.oneof(fc.constant(1), u16),
  });
const record: fc.Arbitrary<DnsRecord> = fc.record({
  name: fc.oneof(fc.constant(Uint8Array.of(0xc0, 0x0c)), fc.constant(`${SECRET}.x`)),
  type: fc.constantFrom(1, 6, 16, 41),
  ttl: u16,
  data: fc.constantFrom("", SECRET, `${SECRET}${SECRET}`),
});
const shapeWith = (name: fc.Arbitrary<Question["name"]>): fc.Arbitrary<Message> =>
  fc.record(
    {
      id: fc.integer({ min: 0, max: 3 }),
      isResponse: fc.boolean(),
      opcode: fc.constantFrom(0, 0, 0, 4, 5, 9),
      rcode: fc.integer({ min: 0, max: 15 }),
      flags: fc.constantFrom(0x100, 0x300),
      questions: fc.oneof(
        fc.constantFrom([{ name: "a.test" }], [{ name: "b.test" }]),
        fc.array(questionWith(name), { maxLength: 3 }),
      ),
      answers: fc.array(record, { maxLength: 3 }),
      authority: fc.array(record, { maxLength: 2 }),
      additional: fc.array(record, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );

/** Bytes of the header that may change without making another question of what follows. */
const HARMLESS = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11];

/** A byte of the header changed, or the end cut off. */
const bend = fc.record({ at: fc.nat(11), byte: fc.nat(255), cut: fc.option(fc.nat(200)) });

const bentWith = (name: fc.Arbitrary<Question["name"]>, places: readonly number[]) =>
  fc.tuple(shapeWith(name), fc.option(bend, { freq: 5 })).map(([shape, bent]) => {
    const bytes = message(shape);
    if (bent === null) return bytes;
    if (bent.cut !== null) return bytes.subarray(0, bent.cut);
    bytes[places[bent.at % places.length] ?? 0] = bent.byte;
    return bytes;
  });
/** What follows the first question is never part of it. */
const soundMessage = bentWith(typed, HARMLESS);
const anyMessage = bentWith(anyName, [...HARMLESS, 4, 5, 12, 13]);
const sides = fc.constantFrom("client" as const, "server" as const);
const sent = (side: Side, bytes: Uint8Array): Step =>
  side === "client" ? { client: bytes } : { server: bytes };
const chunksOf = (one: fc.Arbitrary<Buffer>) =>
  fc.array(fc.tuple(sides, fc.array(one, { minLength: 1, maxLength: 3 })), { maxLength: 6 });
/** Where bytes are missing, how many, and whether that is known. */
const hole = fc.record({
  at: fc.nat(150),
  size: fc.integer({ min: 1, max: 150 }),
  isKnown: fc.boolean(),
});
const port = fc.constantFrom(53, 53, 4343);
interface Hole {
  readonly at: number;
  readonly size: number;
  readonly isKnown: boolean;
}
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });

/** So that both sides are known for DNS. */
const BEGIN: Step[] = [
  { client: framed(message({})) },
  { server: framed(message({ isResponse: true })) },
];

it("streams are the same whatever their chunks", () => {
  fc.assert(
    fc.property(chunksOf(anyMessage), port, cuts, (sides, at, lengths) => {
      const steps = [...BEGIN, ...sides.map(([side, all]) => sent(side, framed(...all)))];
      const shown = (options: object) =>
        stream(parsers, steps, { ends: freshEnds(at, "tcp"), ...options }).calls.map(
          ({ method, resource, status, error, notes, requestBytes, responseBytes }) =>
            [method, resource, status, error, notes, requestBytes, responseBytes].join(" "),
        );
      const whole = shown({});
      expect(shown({ cuts: lengths })).toEqual(whole);
      expect(shown({ pieces: 1 })).toEqual(whole);
    }),
    RUNS,
  );
});

function expectForgotten(streamed: Streamed): void {
  const { calls, redacted } = streamed;
  const left = calls.map(({ method, resource, status }) => `${method} ${resource} ${status}`);
  expect([...redacted, ...left].join("|")).not.toContain(SECRET.slice(0, 6));
}

function expectNoSecretInMemory(): void {
  expect(findInMemory(parsers, SECRET.slice(0, 6))).toBe(-1);
  expect(findInMemory(parsers, SECRET.slice(-6))).toBe(-1);
}

it("nothing of the records of streams with holes is left anywhere", () => {
  const step = fc.tuple(chunksOf(soundMessage), fc.option(hole, { freq: 3 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3 }), port, cuts, (parts, at, lengths) => {
      const steps = parts.flatMap(([all, missing]) =>
        all.flatMap(([side, messages]) => withHole(side, framed(...messages), missing)),
      );
      const ends = freshEnds(at, "tcp");
      expectForgotten(stream(parsers, steps, { ends, cuts: lengths }));
    }),
    RUNS,
  );
  expectNoSecretInMemory();
});

function withHole(side: Side, bytes: Uint8Array, missing: Hole | null): Step[] {
  if (missing === null) return [sent(side, bytes)];
  const before = bytes.subarray(0, missing.at);
  const behind = bytes.subarray(missing.at + missing.size);
  const size = bytes.length - before.length - behind.length;
  if (size === 0) return [sent(side, bytes)];
  return [sent(side, before), { gap: side, size: missing.isKnown ? size : 0 }, sent(side, behind)];
}

it("nothing of the records of datagrams is left anywhere", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sides, soundMessage), { maxLength: 8 }), port, (all, at) => {
      const steps = all.map(([side, bytes]) => sent(side, bytes));
      expectForgotten(stream(parsers, steps, { ends: freshEnds(at, "udp") }));
    }),
    RUNS,
  );
  expectNoSecretInMemory();
});
