import { describe, expect, it } from "vitest";
import type { ParserInstance } from "./parser-instance.ts";
import { createSupervisor, ParsersTrapped } from "./supervisor.ts";

const CALLS_PTR = 64;

/** Instances without a module: all the supervisor looks at is their memory. */
function fakes() {
  const made: Uint8Array[] = [];
  const clock = { ms: 5_000 };
  const start = (): ParserInstance => {
    const memory = new Uint8Array(1024).fill(0);
    made.push(memory);
    return {
      exports: {
        memory: { buffer: memory.buffer },
        COUNTERS_PTR: { value: CALLS_PTR },
        COUNTER_LIMIT: { value: 64 },
      },
    } as unknown as ParserInstance;
  };
  return { made, clock, supervisor: createSupervisor(start, () => clock.ms) };
}

const trap = (): never => {
  throw new WebAssembly.RuntimeError("unreachable");
};

describe("an instance that trapped", () => {
  it("is zeroed and replaced, and the caller is told", () => {
    const { made, supervisor } = fakes();
    made[0]?.fill(7);
    expect(() => supervisor.use(trap)).toThrow(ParsersTrapped);
    expect(made[0]?.every((byte) => byte === 0)).toBe(true);
    expect(supervisor.use(() => "alive")).toBe("alive");
    expect(made).toHaveLength(2);
  });

  it("is replaced at most once a second", () => {
    const { made, clock, supervisor } = fakes();
    expect(() => supervisor.use(trap)).toThrow("what they knew is lost");
    expect(() => supervisor.use(trap)).toThrow("what they knew is lost");
    clock.ms += 999;
    expect(() => supervisor.use(() => 1)).toThrow("not made anew yet");
    expect(made).toHaveLength(2);
    clock.ms += 1;
    expect(supervisor.use(() => 1)).toBe(1);
    expect(made).toHaveLength(3);
  });

  it("keeps its counts, until they are forgotten", () => {
    const { made, supervisor } = fakes();
    const counted = (value: number) =>
      new DataView(made.at(-1)?.buffer ?? new ArrayBuffer(0)).setUint8(CALLS_PTR, value);
    counted(3);
    expect(() => supervisor.use(trap)).toThrow(ParsersTrapped);
    expect(supervisor.counters()).toMatchObject({ calls: 3n, parser_traps: 1n });
    supervisor.use(() => counted(4));
    expect(supervisor.counters().calls).toBe(7n);
    supervisor.forget();
    expect(supervisor.counters()).toMatchObject({ calls: 4n, parser_traps: 0n });
  });

  it("may have used up its stack", () => {
    const { supervisor } = fakes();
    const deeper = (): number => 1 + deeper();
    expect(() => supervisor.use(deeper)).toThrow(ParsersTrapped);
  });
});

it("a bug of the caller is no trap", () => {
  const { made, supervisor } = fakes();
  const bug = (): never => {
    throw new RangeError("no port");
  };
  expect(() => supervisor.use(bug)).toThrow("no port");
  supervisor.use(() => undefined);
  expect([made.length, supervisor.counters().parser_traps]).toEqual([1, 0n]);
});
