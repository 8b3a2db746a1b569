/** DNS messages of other projects' fuzzers and tests, each against what an independent decoder saw. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { endsOf, hex, newParsers, stream, summaries } from "./harness.ts";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/dns-wire", import.meta.url));

interface Message {
  readonly path: string;
  readonly hex: string;
}
interface Truth {
  readonly qr: boolean;
  readonly rcode: number | null;
  readonly malformed?: boolean;
  readonly qd: readonly { readonly name: string; readonly type: number }[];
}

/** Of the IANA registry what occurs here, as `number NAME`. */
const TYPES = new Map(
  `1 A, 2 NS, 5 CNAME, 6 SOA, 8 MG, 10 NULL, 11 WKS, 12 PTR, 13 HINFO, 14 MINFO, 15 MX, 16 TXT,
   17 RP, 18 AFSDB, 19 X25, 21 RT, 22 NSAP, 23 NSAP-PTR, 24 SIG, 25 KEY, 26 PX, 27 GPOS, 28 AAAA,
   29 LOC, 33 SRV, 35 NAPTR, 37 CERT, 38 A6, 43 DS, 44 SSHFP, 46 RRSIG, 47 NSEC, 48 DNSKEY,
   50 NSEC3, 51 NSEC3PARAM, 52 TLSA, 55 HIP, 59 CDS, 60 CDNSKEY, 61 OPENPGPKEY, 99 SPF, 104 NID,
   105 L32, 107 LP, 108 EUI48, 109 EUI64, 249 TKEY, 250 TSIG, 251 IXFR, 252 AXFR, 255 ANY,
   256 URI, 257 CAA, 258 AVC, 32768 TA, 32769 DLV`
    .split(",")
    .map((entry) => entry.trim().split(" "))
    .map(([number, name]) => [Number(number), name]),
);
const RCODES = "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH";

function lines<T>(file: string): T[] {
  const text = readFileSync(`${CORPUS}/${file}`, "utf8").trim();
  return text.split("\n").map((line) => JSON.parse(line) as T);
}

/** Its OPT record makes NOERROR a BADVERS; the corpus has the four bits of the header alone. */
const BADVERS = /34a3a57c8ae4/;

function expected({ qd: [question], qr, rcode }: Truth, path: string): string[] {
  // Names that no question can have are no call.
  if (question === undefined || /pointer|\uFFFD/u.test(question.name)) return [];
  const name = question.name.replace(/^<Root>$/, "");
  if (BADVERS.test(path)) return [`${TYPES.get(question.type)} ${name} BADVERS`];
  const status = qr ? (RCODES.split(" ")[rcode ?? -1] ?? `RCODE${rcode}`) : "";
  return [`${TYPES.get(question.type) ?? `TYPE${question.type}`} ${name} ${status}`];
}

it("reads every message as the corpus says, and keeps no more than its question", (ctx) => {
  requireOrSkip(ctx, existsSync(CORPUS) || "no ../shared/corpus/dns-wire", "the DNS messages");
  const parsers = newParsers();
  const truths = lines<Truth>("truth.jsonl");
  const messages = lines<Message>("messages.jsonl");
  const wrong: string[] = [];
  messages.forEach(({ path, hex: content }, index) => {
    const truth = truths[index] as Truth;
    const bytes = hex(content);
    const { calls, redacted } = stream(
      parsers,
      [truth.qr ? { server: bytes } : { client: bytes }],
      {
        ends: endsOf(53, index, "udp"),
      },
    );
    const want = expected(truth, path);
    if (summaries(calls).join() !== want.join())
      wrong.push(`${path}: ${summaries(calls)}, ${want}`);
    const survives = 12 + (want.length === 0 ? 0 : wireLength(calls[0]?.resource ?? "") + 4);
    if (!/^~*$/.test(redacted[0]?.slice(survives) ?? "-")) wrong.push(`${path}: bytes survive`);
  });
  expect(wrong).toEqual([]);
  expect(messages.length).toBe(190);
});

/** Bytes on the wire of a name. */
const wireLength = (name: string): number =>
  name === "" ? 1 : name.replaceAll(/\\\d\d\d|\\./g, "x").length + 2;
