/** DNS with secrets in every record, behind the question, and behind what breaks the grammar. */

import { type DnsRecord, framed, type Message, message, opt, TYPE } from "../dns-messages.ts";
import type { Random } from "./random.ts";
import { type Turn, turn } from "./script.ts";
import { secret } from "./secret.ts";

const NAMES = ["a.test", "www.example.org", "", "_sip._tcp.example.org"];
const POINTER = Uint8Array.of(0xc0, 0x0c);

function record(random: Random): DnsRecord {
  return {
    name: random.once(2) ? POINTER : `${secret(random)}.${secret(random)}`,
    type: random.pick([TYPE.A, TYPE.TXT, TYPE.SOA, TYPE.OPT, 0xff00]),
    ttl: random.next(),
    data: random.once(8) ? "" : secret(random, 6, random.pick([30, 30, 600])),
  };
}

const records = (random: Random) => random.many(0, 3, () => record(random));

function sections(random: Random): Message {
  const additional = [...records(random), ...(random.once(2) ? [opt(1, secret(random))] : [])];
  return { answers: records(random), authority: records(random), additional };
}

/** Broken so that nothing of what follows can be a question. */
function broken(random: Random): Buffer {
  const name = random.pick([
    Buffer.from(`\x03abc\x80${secret(random)}\0`, "latin1"),
    Buffer.from(`\x03abc\xc0\x0c${secret(random)}`, "latin1"),
    Buffer.from(`\x41${secret(random)}\0`, "latin1"),
  ]);
  return message({ questions: [{ name }], ...sections(random) });
}

function pair(random: Random): Buffer[] {
  const name = random.pick(NAMES);
  const type = random.pick([TYPE.A, TYPE.AAAA, TYPE.AXFR, 777]);
  const questions = [
    { name, type },
    ...random.many(0, random.pick([0, 2]), () => ({ name: secret(random) })),
  ];
  const shape = { id: random.between(0, 3), questions, opcode: random.pick([0, 0, 5]) };
  const asked = message({ ...shape, additional: [opt(0, secret(random))] });
  const told = message({
    ...shape,
    ...sections(random),
    isResponse: true,
    rcode: random.between(0, 15),
    questions: random.once(8) ? [] : questions,
  });
  return [asked, random.once(6) ? told.subarray(0, random.between(12, told.length)) : told];
}

export function dnsTurns(random: Random, isTcp: boolean): Turn[] {
  const whole = (bytes: Buffer) => (isTcp ? framed(bytes) : bytes);
  const turns: Turn[] = [];
  for (const [asked, told] of random.many(1, 5, () => pair(random))) {
    if (!random.once(8)) turns.push(turn("client", whole(asked as Buffer)));
    if (!random.once(8)) turns.push(turn("server", whole(told as Buffer)));
    if (random.once(12)) turns.push(turn(random.pick(["client", "server"]), whole(broken(random))));
  }
  return turns;
}
