/** What happens on a connection, and the ways to cut it. */

import type { Ends, Side } from "../../../src/wasm/parsers.ts";
import type { Step } from "../harness.ts";
import type { Random } from "./random.ts";

/** Bytes of a side, in the order in which both sides send. */
export interface Turn {
  readonly side: Side;
  readonly bytes: Uint8Array;
}

export interface Script {
  readonly ends: Ends;
  readonly turns: readonly Turn[];
}

export const turn = (side: Side, ...parts: readonly (string | Uint8Array)[]): Turn => ({
  side,
  bytes: Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1"))),
});

/** Steps of the script: cut anywhere or nowhere, with holes now and then. */
export function stepsOf({ ends, turns }: Script, random: Random): Step[] {
  if (ends.transport === "udp") return turns.map(({ side, bytes }) => sent(side, bytes));
  const longest = random.pick([1, 3, 20, 200, 4096, 4096]);
  const hasHoles = random.once(4);
  const steps: Step[] = random.once(20) ? [{ gap: "client", size: 0 }] : [];
  for (const { side, bytes } of turns) {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(at + random.between(1, longest), bytes.length);
      const isHole = hasHoles && random.once(longest === 1 ? 60 : 6);
      if (isHole) steps.push({ gap: side, size: random.once(3) ? 0 : end - at });
      else steps.push(sent(side, bytes.subarray(at, end)));
      at = end;
    }
    if (random.once(30)) steps.push({ finish: side });
  }
  return steps;
}

const sent = (side: Side, bytes: Uint8Array): Step =>
  side === "client" ? { client: bytes } : { server: bytes };
