/**
 * Kafka of every API and version, with secrets in client ids, records, keys, groups, members,
 * SASL and tagged fields: messages of the definitions, their secrets made this gate's own.
 */

import { frame, MessageWriter, readApis, SECRET } from "../kafka-definitions.ts";
import type { Random } from "./random.ts";
import { type Turn, turn } from "./script.ts";
import { secret } from "./secret.ts";

type Api = ReturnType<typeof readApis>[number];
let apis: readonly Api[] | undefined;

/** Every secret of the definitions' messages by one of ours of the same length. */
function withOwnSecrets(random: Random, bytes: Uint8Array): Uint8Array {
  const own = Buffer.from(bytes);
  for (let at = own.indexOf(SECRET); at !== -1; at = own.indexOf(SECRET, at)) {
    own.write(secret(random, SECRET.length, SECRET.length), at, "latin1");
  }
  return own;
}

function exchange(random: Random, api: Api, id: number): [Uint8Array, Uint8Array] {
  const version = random.between(0, api.last);
  const below = (most: number) => random.between(0, most - 1);
  const asked = new MessageWriter(api.request, version, below).message(random.pick([SECRET, null]));
  const told = new MessageWriter(api.response, version, below).message(undefined);
  return [
    withOwnSecrets(random, frame({ key: api.key, version, id }, asked.bytes)),
    withOwnSecrets(random, frame({ id }, told.bytes)),
  ];
}

function broken(random: Random): string {
  return (
    random.pick(["\xff\xff\xff\xff", "\0\0\0\x02", "\x7f\xff\xff\xff"]) + secret(random, 6, 300)
  );
}

export function kafkaTurns(random: Random): Turn[] {
  apis ??= readApis();
  const first = apis.filter(({ key }) => key === 18);
  const chosen = [...first, ...random.many(1, 6, () => random.pick(apis as readonly Api[]))];
  const pairs = chosen.map((api, at) => exchange(random, api, at + 1));
  const turns: Turn[] = [];
  if (random.once(3)) {
    turns.push(...pairs.map(([asked]) => turn("client", asked)));
    turns.push(...pairs.map(([, told]) => turn("server", told)));
  } else {
    for (const [asked, told] of pairs) turns.push(turn("client", asked), turn("server", told));
  }
  if (random.once(6)) turns.push(turn(random.pick(["client", "server"]), broken(random)));
  return turns;
}
