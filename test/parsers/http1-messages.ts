/**
 * HTTP/1 messages for properties: pieces that survive redaction and pieces that must not, put
 * together to exchanges. A secret is a run of a letter that nothing else uses.
 */
import fc from "fast-check";

export interface Piece {
  readonly text: string;
  /** Kept: survives. Dead: no secret, dies. Secret: dies, and must be nowhere. */
  readonly fate: "kept" | "dead" | "secret";
}
type Pieces = readonly Piece[];
type Part = string | fc.Arbitrary<Piece> | fc.Arbitrary<Pieces>;

export const kept = (text: string): Piece => ({ text, fate: "kept" });
const dead = (text: string): Piece => ({ text, fate: "dead" });
export const textOf = (pieces: Pieces): string => pieces.map(({ text }) => text).join("");

/** Any six bytes of any secret, also in lower case. */
export const SECRET_RUNS = ["QQQQQQ", "qqqqqq"];
const secretText = (min: number) =>
  fc.integer({ min, max: 90 }).map((length) => "Q".repeat(length));
const secret = (min = 6) => secretText(min).map((text): Piece => ({ text, fate: "secret" }));
const word = fc.string({ unit: fc.constantFrom("a", "b", "e"), minLength: 1, maxLength: 12 });
const row = (...parts: Part[]): fc.Arbitrary<Pieces> =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(kept(part)) : part)))
    .map((values) => (values as (Piece | Pieces)[]).flat());

const lineEnd = fc.constantFrom(kept("\r\n"), kept("\n"));
const line = (...parts: Part[]) => row(...parts, lineEnd);
const aWord = word.map(kept);

/** Their values survive, but for parameters of the media type. */
const keptField = fc.oneof(
  line("Host: ", aWord),
  line(
    "content-TYPE: ",
    aWord,
    "/",
    aWord,
    secret().map((piece) => ({ ...piece, text: `;${piece.text}` })),
  ),
  line("Connection: ", aWord),
  line("grpc-status: 0"),
);
const secretField = fc.oneof(
  line("Cookie:", secret()),
  line("authorization:", secret()),
  line("X-", aWord, ":", secret()),
  line("Trailers:", secret()),
  line("traceparent: ", secret()),
  line("Content-Length2:", secret()),
);
const fields = fc
  .array(fc.oneof(keptField, secretField), { maxLength: 6 })
  .map((rows) => rows.flat());

const target = fc.oneof(
  row("/", aWord),
  row("/", aWord, "?", secret()),
  row("/", aWord, ";", secret(), "/", aWord, "#", secret()),
  row("http://", secret(), "@", aWord, "/", aWord),
);

const chunk = secretText(6).map((text) => [
  dead(`${text.length.toString(16)}\r\n`),
  { text, fate: "secret" } as const,
  dead("\r\n"),
]);
const chunkExtension = secret().map((piece) => [dead("0;"), piece, dead("\r\n")]);
const trailer = fc.oneof(
  fc.constant([] as Pieces),
  line("Grpc-Message:", secret()),
  line("Host:", secret()),
);

/** The fields that frame a body, the end of the head, and the body. */
const counted = secretText(0).map(
  (text): Pieces => [kept(`Content-Length: ${text.length}\r\n\r\n`), { text, fate: "secret" }],
);
const chunked = row(
  "Transfer-Encoding: chunked\r\n\r\n",
  fc.array(chunk, { maxLength: 3 }).map((rows) => rows.flat()),
  chunkExtension,
  trailer,
  "\r\n",
);
const framed = fc.oneof(counted, chunked);
const method = fc.constantFrom(kept("GET"), kept("POST"), kept("PATCH"), dead("BREW"));

export interface Exchange {
  readonly request: Pieces;
  readonly response: Pieces;
}

const request = fc.oneof(
  row(method, " ", target, line(" HTTP/1.1"), fields, framed),
  row("GET ", target, line(" HTTP/1.0"), fields, lineEnd),
);
const interim = line("HTTP/1.1 100 ", secret(), "\r\n");
const response = row(
  fc.oneof({ weight: 4, arbitrary: fc.constant([] as Pieces) }, { weight: 1, arbitrary: interim }),
  "HTTP/1.1 ",
  fc.constantFrom("200", "404", "503").map(kept),
  line(" ", secret()),
  fields,
  framed,
);

const exchange: fc.Arbitrary<Exchange> = fc.record({ request, response });
/** A connection. It does not begin with a method that only a whole line of 128 bytes tells. */
export const exchanges = fc
  .array(exchange, { minLength: 1, maxLength: 3 })
  .filter(([first]) => first?.request[0]?.fate === "kept");

/** What is left of the pieces after redaction, a zeroed byte as `~`. */
export const expectedText = (pieces: Pieces): string =>
  pieces.map(({ text, fate }) => (fate === "kept" ? text : "~".repeat(text.length))).join("");
