/**
 * HTTP/1 under hostile conditions: cut anywhere, bent, with holes, pipelined. Nothing traps, chunks
 * do not matter, and no secret is left anywhere.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallRecord } from "../../src/wasm/parsers.ts";
import { findInMemory, newParsers, type Step, type StreamOptions, stream } from "./harness.ts";
import { type Exchange, exchanges, expectedText, SECRET_RUNS, textOf } from "./http1-messages.ts";

const parsers = newParsers();

/** All requests and then all responses, or one exchange after the other. */
const stepsOf = (all: readonly Exchange[], isPipelined: boolean): Step[] =>
  isPipelined
    ? [
        { client: all.map(({ request }) => textOf(request)).join("") },
        { server: all.map(({ response }) => textOf(response)).join("") },
      ]
    : all.flatMap(({ request, response }) => [
        { client: textOf(request) },
        { server: textOf(response) },
      ]);

const cuts: fc.Arbitrary<StreamOptions> = fc.oneof(
  fc.constant({ pieces: 1 }),
  fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }).map((cuts) => ({ cuts })),
);

/** Where the cut bytes differ from the whole: only more may be dead. */
function onlyMoreDead(whole: string, cut: string): boolean {
  return [...whole].every((byte, at) => byte === cut[at] || cut[at] === "~");
}

/** Six bytes of a secret anywhere in the memory of the module. */
const leaks = (): string[] => SECRET_RUNS.filter((run) => findInMemory(parsers, run) !== -1);

const brief = (calls: readonly CallRecord[]) =>
  calls.map(({ method, resource, status, notes, requestBytes, responseBytes }) => ({
    method,
    resource,
    status,
    notes,
    requestBytes,
    responseBytes,
  }));

describe("whole exchanges", () => {
  it("give the same calls and bytes whatever the chunks, and keep no secret", () => {
    fc.assert(
      fc.property(exchanges, fc.boolean(), cuts, (all, isPipelined, options) => {
        parsers.reset();
        const steps = stepsOf(all, isPipelined);
        const whole = stream(parsers, steps);
        expect(leaks()).toEqual([]);
        expect(whole.calls).toHaveLength(all.length);
        expect(whole.redacted.join("")).toBe(
          isPipelined
            ? all.map(({ request }) => expectedText(request)).join("") +
                all.map(({ response }) => expectedText(response)).join("")
            : all
                .map(({ request, response }) => expectedText(request) + expectedText(response))
                .join(""),
        );
        for (const [index, call] of whole.calls.entries()) {
          expect(call.requestBytes).toBe(BigInt(textOf(all[index]?.request ?? []).length));
        }
        const cut = stream(parsers, steps, options);
        expect(leaks()).toEqual([]);
        expect(brief(cut.calls)).toEqual(brief(whole.calls));
        expect(onlyMoreDead(whole.redacted.join(""), cut.redacted.join(""))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("keep no secret while the connection is open, after any chunk", () => {
    fc.assert(
      fc.property(exchanges, fc.integer({ min: 1, max: 400 }), (all, size) => {
        parsers.reset();
        const text = textOf(all[0]?.request ?? []).slice(0, size);
        stream(parsers, [{ client: text.slice(0, size / 2) }, { client: text.slice(size / 2) }], {
          open: true,
        });
        // The input of the last call is the copy that the contract speaks of: it is redacted, too.
        expect(leaks()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

const junk = fc.oneof(
  fc.constantFrom(
    ..."GET |POST /x|HTTP/1.1 200 OK\r\n|HTTP/1.1 100 \r\n\r\n| HTTP/1.1|\r\n|\n|\r|: |;|?|@|\0".split(
      "|",
    ),
    ..."Content-Length: 5|Content-Length: 18446744073709551615|Transfer-Encoding: chunked".split(
      "|",
    ),
    ..."CONNECT a:1 HTTP/1.1\r\n\r\n|Upgrade: websocket|HTTP/1.1 101 x\r\n\r\n|5\r\nhello\r\n|0\r\n".split(
      "|",
    ),
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 20 }),
);
/** Text with pieces of it gone, doubled, or replaced by junk. */
const bent = (text: string, bends: readonly [number, number, string][]): string =>
  bends.reduce((bent, [at, length, insert]) => {
    const from = at % (bent.length + 1);
    return bent.slice(0, from) + insert + bent.slice(from + length);
  }, text);
const bends = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), junk), {
  minLength: 1,
  maxLength: 5,
});
const proof: Step[] = [
  { client: "GET / HTTP/1.1\r\n\r\n" },
  { server: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
];

describe("bent exchanges", () => {
  it("give the same calls whatever the chunks", () => {
    fc.assert(
      fc.property(exchanges, bends, bends, cuts, (all, ofClient, ofServer, options) => {
        parsers.reset();
        const client = bent(all.map(({ request }) => textOf(request)).join(""), ofClient);
        const server = bent(all.map(({ response }) => textOf(response)).join(""), ofServer);
        const steps: Step[] = [...proof, { client }, { server }];
        const whole = stream(parsers, steps);
        const cut = stream(parsers, steps, options);
        expect(brief(cut.calls)).toEqual(brief(whole.calls));
        expect(onlyMoreDead(whole.redacted.join(""), cut.redacted.join(""))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  const hole = fc.record({
    gap: fc.constantFrom("client" as const, "server" as const),
    size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 120 })),
  });
  const part = (side: "client" | "server") =>
    fc.tuple(fc.nat(), fc.nat({ max: 300 })).map(([at, length]) => ({ side, at, length }));
  it("with holes give the same calls whatever the chunks", () => {
    const shape = fc.array(fc.oneof(hole, part("client"), part("server")), { maxLength: 10 });
    fc.assert(
      fc.property(exchanges, shape, cuts, (all, parts, options) => {
        parsers.reset();
        const text = {
          client: all.map(({ request }) => textOf(request)).join(""),
          server: all.map(({ response }) => textOf(response)).join(""),
        };
        const torn = parts.map((piece): Step => {
          if ("gap" in piece) return piece;
          const from = piece.at % text[piece.side].length;
          const bytes = text[piece.side].slice(from, from + piece.length);
          return piece.side === "client" ? { client: bytes } : { server: bytes };
        });
        const steps = [...proof, ...torn];
        const whole = stream(parsers, steps);
        const cut = stream(parsers, steps, options);
        expect(brief(cut.calls)).toEqual(brief(whole.calls));
        expect(onlyMoreDead(whole.redacted.join(""), cut.redacted.join(""))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });
});
