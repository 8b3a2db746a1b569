/**
 * Stands between the callers and the instance: one that trapped is zeroed and replaced. What it
 * knew is lost, what it counted is not.
 */

import type { CounterName } from "./abi.ts";
import { isTrap } from "./instance.ts";
import { countersOf, type ParserInstance } from "./parser-instance.ts";

/**
 * A call into the module failed: a bug in it. All it knew is lost and zeroed; the next call goes to
 * a new instance, at most one of which is made in REVIVE_INTERVAL_MS.
 */
export class ParsersTrapped extends Error {
  override readonly name = "ParsersTrapped";
}

/** A new instance reserves address space that the engine gives back late. */
const REVIVE_INTERVAL_MS = 1_000;

/** The counters of the module, and how often it trapped. */
export type ParserCounters = Readonly<Record<CounterName | "parser_traps", bigint>>;

export interface Supervisor {
  /** Calls into the instance. @throws ParsersTrapped */
  use<T>(call: (instance: ParserInstance) => T): T;
  /** Of all instances so far. */
  counters(): ParserCounters;
  /** What was counted before is no longer. */
  forget(): void;
}

/**
 * @param start makes an instance; called once now, its failure is the caller's to see
 * @param nowMs a monotonic clock
 */
export function createSupervisor(start: () => ParserInstance, nowMs: () => number): Supervisor {
  let instance: ParserInstance | undefined = start();
  let revivedMs = Number.NEGATIVE_INFINITY;
  const lost = new Map<CounterName, bigint>();
  let traps = 0n;

  function current(): ParserInstance {
    if (instance !== undefined) return instance;
    if (nowMs() - revivedMs < REVIVE_INTERVAL_MS) {
      throw new ParsersTrapped("the parsers trapped and are not made anew yet");
    }
    revivedMs = nowMs();
    instance = start();
    return instance;
  }

  function bury({ exports }: ParserInstance): void {
    traps += 1n;
    for (const [name, value] of countersOf(exports)) lost.set(name, value + (lost.get(name) ?? 0n));
    new Uint8Array(exports.memory.buffer).fill(0);
    instance = undefined;
  }

  return {
    use(call) {
      const at = current();
      try {
        return call(at);
      } catch (error) {
        if (!isTrap(error)) throw error;
        bury(at);
        throw new ParsersTrapped("the parsers trapped: what they knew is lost", { cause: error });
      }
    },
    counters() {
      const total: Partial<Record<CounterName | "parser_traps", bigint>> = { parser_traps: traps };
      const own = instance === undefined ? [] : countersOf(instance.exports);
      for (const [name, value] of [...lost, ...own]) total[name] = value + (total[name] ?? 0n);
      return total as ParserCounters;
    },
    forget() {
      lost.clear();
      traps = 0n;
    },
  };
}
