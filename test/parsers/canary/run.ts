/**
 * The canary gate: streams of every protocol with secrets wherever the contract lets bytes die.
 * Afterwards no six bytes of any secret are in what is left of the payload, in the calls, or in
 * the whole memory of the module, while the connections are open and after they ended.
 */

import type { Ends, ParserRecord, Parsers } from "../../../src/wasm/parsers.ts";
import { endsOf, newParsers, type Step, stream } from "../harness.ts";
import { dnsTurns } from "./dns.ts";
import { http1Turns } from "./http1.ts";
import { http2Turns } from "./http2.ts";
import { kafkaTurns } from "./kafka.ts";
import { Random } from "./random.ts";
import { type Script, stepsOf } from "./script.ts";
import { findSecret } from "./secret.ts";

/** Connections open at a time: a look at the memory is for all of them. */
const BATCH = 64;
const END_NS = 1_000_000_000n;

/** Of a connection in memory. */
const CONN_PORT = 52;
const PROTO_NONE = 0;

type Make = (random: Random, number: number) => Script;

/** Protocols with secrets to lose. */
const MAKERS: Record<string, Make> = {
  http1: (random, number) => ({
    ends: endsOf(random.pick([80, 8080]), number),
    turns: http1Turns(random),
  }),
  "dns/tcp": (random, number) => ({
    ends: endsOf(random.pick([53, 4343]), number),
    turns: dnsTurns(random, true),
  }),
  "dns/udp": (random, number) => ({
    ends: endsOf(random.pick([53, 4343]), number, "udp"),
    turns: dnsTurns(random, false),
  }),
  http2: (random, number) => ({ ends: endsOf(8080, number), turns: http2Turns(random) }),
  kafka: (random, number) => ({ ends: endsOf(9092, number), turns: kafkaTurns(random) }),
};

/** What can be made everywhere; `kafka` needs the definitions of its messages. */
export const PROTOCOLS: readonly string[] = Object.keys(MAKERS).filter((name) => name !== "kafka");

export interface CanaryOptions {
  /** Streams have the seeds from this one on. */
  readonly seed: number;
  readonly streams: number;
  /** Of these protocols; PROTOCOLS unless named. */
  readonly only?: readonly string[];
  /** Ends early when this time of `performance.now()` is over. */
  readonly untilMs?: number;
}

export interface CanaryResult {
  readonly streams: number;
  /** Calls by protocol: that the streams were understood at all. */
  readonly calls: ReadonlyMap<string, number>;
}

/** @throws Error that names the seed of the stream which left a secret, and where */
export function runCanary(options: CanaryOptions): CanaryResult {
  const { seed, streams, only = PROTOCOLS, untilMs = Number.POSITIVE_INFINITY } = options;
  const unknown = only.find((name) => MAKERS[name] === undefined);
  if (unknown !== undefined) throw new Error(`the canary gate knows no protocol ${unknown}`);
  const parsers = newParsers();
  const calls = new Map<string, number>();
  let done = 0;
  while (done < streams && performance.now() < untilMs) {
    const size = Math.min(BATCH, streams - done);
    const seeds = Array.from({ length: size }, (_, at) => seed + done + at);
    const scripts = seeds.map((one, number) => makeScript(one, number, only));
    const fault = faultOf(parsers, scripts, calls);
    if (fault !== undefined) throw new Error(smallest(scripts) ?? fault);
    done += size;
  }
  return { streams: done, calls };
}

/** What one of them leaves alone, when one does. */
function smallest(scripts: readonly Named[]): string | undefined {
  for (const script of scripts) {
    const fault = faultOf(newParsers(), [script], new Map());
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Runs them side by side; what they left, or undefined. */
function faultOf(
  parsers: Parsers,
  made: readonly Named[],
  calls: Map<string, number>,
): string | undefined {
  for (const { script, steps, name } of made) {
    const { calls: told, redacted } = stream(parsers, steps, { ends: script.ends, open: true });
    for (const { protocol } of told) calls.set(protocol, (calls.get(protocol) ?? 0) + 1);
    const fault = inText(redacted.join("\n")) ?? inCalls(told);
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  const whose = made.length === 1 ? made[0]?.name : `${made[0]?.name} to ${made.at(-1)?.name}`;
  for (const { script } of made) forgetHeld(parsers, script.ends);
  const open = inMemory(parsers);
  if (open !== undefined) return `${whose}, connections open: ${open}`;
  for (const { script, name } of made) {
    const fault = inCalls(parsers.end(script.ends, END_NS));
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  const ended = inMemory(parsers);
  return ended === undefined ? undefined : `${whose}, connections ended: ${ended}`;
}

interface Named {
  readonly script: Script;
  readonly steps: readonly Step[];
  readonly name: string;
}

function makeScript(seed: number, number: number, only: readonly string[]): Named {
  const random = new Random(seed);
  const protocol = random.pick(only);
  const script = (MAKERS[protocol] as Make)(random, number);
  return { script, steps: stepsOf(script, random), name: `seed ${seed} (${protocol})` };
}

function inCalls(records: readonly ParserRecord[]): string | undefined {
  const calls = records.filter((record) => record.kind === "call");
  const texts = calls.flatMap(({ method, resource, status, traceId, parentSpanId }) => [
    method,
    resource,
    status,
    traceId,
    parentSpanId,
  ]);
  return inText(texts.join("\n"));
}

function inText(text: string): string | undefined {
  const at = findSecret(Buffer.from(text, "latin1"));
  if (at === -1) return undefined;
  return `left is …${JSON.stringify(text.slice(Math.max(0, at - 60), at + 40))}…`;
}

/**
 * Bytes held of a stream whose protocol is not known yet are the one thing that may wait, 128 at
 * most: a gap makes an end of that. Where the connection is in memory: core/conn-layout.ts.
 */
function forgetHeld(parsers: Parsers, ends: Ends): void {
  const { client, server } = ends;
  const entry = Buffer.alloc(36);
  entry.writeUInt16LE(client.port, 0);
  entry.writeUInt16LE(server.port, 2);
  entry.set(client.address, 4);
  entry.set(server.address, 20);
  const memory = parsers.memory();
  const at = Buffer.from(memory.buffer, memory.byteOffset, memory.length).indexOf(entry);
  if (at === -1 || memory[at - CONN_PORT] !== PROTO_NONE) return;
  parsers.gap(ends, "client", 0, END_NS);
  parsers.gap(ends, "server", 0, END_NS);
}

function inMemory(parsers: Parsers): string | undefined {
  const memory = parsers.memory();
  const at = findSecret(memory);
  if (at === -1) return undefined;
  const bytes = Buffer.from(memory.subarray(Math.max(0, at - 16), at + 48));
  return `at 0x${at.toString(16)} of the memory is ${JSON.stringify(bytes.toString("latin1"))}`;
}
