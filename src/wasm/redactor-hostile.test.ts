/** Properties of the redaction: any chunking, any bytes, no secret left anywhere in the memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutAt, newRedactor, redactChunks } from "../../test/support/redact.ts";
import { RedactStatus } from "./redactor.ts";

const redactor = newRedactor();
const memory = Buffer.from(redactor.staging.buffer);
const RUN = 6;

/** A piece of a message and whether it survives; secrets use letters that nothing else uses. */
interface Piece {
  text: string;
  kept: boolean;
}
const kept = (text: string): Piece => ({ text, kept: true });
const secret = (min = 8) =>
  fc
    .string({ unit: fc.constantFrom("Q", "X", "Z", "7"), minLength: min, maxLength: 300 })
    .map((text): Piece => ({ text, kept: false }));
const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "d", "e"), minLength: 1 }).map(kept);
const row = (...parts: (string | fc.Arbitrary<Piece>)[]) =>
  fc.tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(kept(part)) : part)));

const target = fc.oneof(
  row("/", word),
  row("/", word, "?", secret()),
  row("/", word, ";", secret(), "/", word, "#", secret()),
);
const startLine = fc.oneof(
  target.map((parts) => [kept("PATCH "), ...parts, kept(" HTTP/1.1")]),
  row("HTTP/1.1 200 ", secret()),
);
const field = fc.oneof(
  row("Host: ", word),
  row("content-LENGTH: ", word),
  row("Content-Type: ", word, "/", word),
  row(
    "Content-Type: ",
    word,
    "/",
    word,
    secret().map(({ text }) => ({ text: `;${text}`, kept: false })),
  ),
  row("Cookie:", secret()),
  row("x-", word, ":", secret()),
);
const lineEnd = fc.constantFrom(kept("\r\n"), kept("\n"));
const line = (content: fc.Arbitrary<Piece[]>) =>
  fc.tuple(content, lineEnd).map(([a, b]) => [...a, b]);
const message = fc
  .tuple(line(startLine), fc.array(line(field), { maxLength: 8 }), lineEnd, secret())
  .map(([start, fields, end, body]) => [...start, ...fields.flat(), end, body]);
const cuts = fc.oneof(
  fc.constant([]),
  fc.array(fc.nat(2000), { maxLength: 12 }),
  fc.constant([...Array(4000).keys()]),
);

const behind = fc.constantFrom("\n" as const, "abc\n" as const);

const expectedText = (pieces: Piece[]) =>
  pieces.map(({ text, kept }) => (kept ? text : "~".repeat(text.length))).join("");

/** Runs of a secret anywhere in the module's memory; staging still holds the last chunk. */
function leaks(secrets: string[]): string[] {
  return secrets.flatMap((text) => {
    const starts = [...Array(Math.max(0, text.length - RUN + 1)).keys()];
    return starts
      .map((at) => text.slice(at, at + RUN))
      .filter((run) => memory.includes(run, 0, "latin1"));
  });
}

describe("any chunking", () => {
  it("gives the same bytes, but for those of detection, and leaves no secret in memory", () => {
    fc.assert(
      fc.property(message, cuts, behind, (pieces, positions, behind) => {
        const text = pieces.map((piece) => piece.text).join("");
        const result = redactChunks(redactor, cutAt(text, positions), { behind });
        const decided = text.indexOf(" ") + 1;
        const expected = expectedText(pieces);
        expect(result.text.slice(decided)).toBe(expected.slice(decided));
        expect(expected.slice(0, decided)).toMatch(onlyMoreZeros(result.text.slice(0, decided)));
        expect(result.status).toBe(RedactStatus.Body);
        expect(
          leaks(pieces.filter((piece) => !piece.kept).map((piece) => piece.text.slice(0, 40))),
        ).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("never keeps more than the whole does, whatever the bytes", () => {
    const pieces = fc.constantFrom(
      ..."GET |POST |CONNECT |HTTP/1.1 200 |http://|u:p@|/|;|?|#|@| HTTP/1.1\r\n|\r\n|\n|\r|: ".split(
        "|",
      ),
      ..."Host|traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n".split("|"),
      ..."Content-Type: a/b|Cookie| |\t|\0|\xff|x".split("|"),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 24 }), cuts, behind, (parts, positions, behind) => {
        const text = parts.join("");
        const whole = redactChunks(redactor, [text]).text;
        const cut = redactChunks(redactor, cutAt(text, positions), { behind }).text;
        expect(whole).toMatch(onlyMoreZeros(cut));
      }),
      { numRuns: 3000 },
    );
  });
});

/** Matches every text that differs only where this one has a zeroed byte. */
function onlyMoreZeros(text: string): RegExp {
  const literal = text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll("~", "[^]");
  return new RegExp(`^${literal}$`);
}

describe("hostile input", () => {
  it("survives any bytes and writes nowhere but into the chunk", () => {
    // Letters behind the chunk: a name, a path or a value that does not stop at its end goes on.
    const before = Buffer.alloc(redactor.staging.length, "abc\n");
    const cutMessage = fc.tuple(message, fc.nat(600)).map(([pieces, size]) =>
      Buffer.from(
        pieces
          .map(({ text }) => text)
          .join("")
          .slice(0, size),
      ),
    );
    const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 600 }), cutMessage);
    fc.assert(
      fc.property(anyBytes, fc.nat(400), (bytes, offset) => {
        redactor.reset(3);
        redactor.staging.set(before);
        redactor.staging.set(bytes, offset);
        const status = redactor.redact(3, offset, bytes.length);
        expect(Object.values(RedactStatus)).toContain(status);
        const after = Buffer.from(redactor.staging);
        expect(after.subarray(0, offset).equals(before.subarray(0, offset))).toBe(true);
        const end = offset + bytes.length;
        expect(after.subarray(end).equals(before.subarray(end))).toBe(true);
      }),
      { numRuns: 300 },
    );
    redactor.staging.fill(0);
  });

  it("redacts a chunk that ends where staging ends", () => {
    const text = Buffer.from("GET /a?b HTTP/1.1\r\nCookie: c");
    const offset = redactor.staging.length - text.length;
    redactor.reset(0);
    redactor.staging.set(text, offset);
    expect(redactor.redact(0, offset, text.length)).toBe(RedactStatus.Head);
    expect(Buffer.from(redactor.staging.subarray(offset)).toString("latin1")).toBe(
      "GET /a?\0 HTTP/1.1\r\nCookie:\0\0",
    );
  });

  it("lets a value of a megabyte die", () => {
    const start = "GET / HTTP/1.1\r\nX: ";
    const pieces = Array<string>(16).fill("Q".repeat(65_536));
    const { text, status } = redactChunks(redactor, [start, ...pieces, "\r\n"]);
    expect(text.replace(/~+/, (run) => `<${run.length}>`)).toBe(
      "GET / HTTP/1.1\r\nX:<1048577>\r\n",
    );
    expect(status).toBe(RedactStatus.Head);
  });

  it.each([[1], [100], [65_536]])("bounds a name of a megabyte, in chunks of %i", (size) => {
    const name = "Q".repeat(size === 1 ? 2000 : 1 << 20);
    const chunks = cutAt(
      name,
      [...Array(Math.ceil(name.length / size)).keys()].map((i) => i * size),
    );
    const { text, status } = redactChunks(redactor, ["GET / HTTP/1.1\r\n", ...chunks, ": x\r\n"]);
    expect(text.slice(16).replaceAll("~", "")).toBe("Q".repeat(256));
    expect(status).toBe(RedactStatus.Malformed);
  });

  it("holds no byte of a first word that begins no listed one", () => {
    redactChunks(redactor, ["QXZQXZQXZ"]);
    expect(leaks(["QXZQXZQXZ"])).toEqual([]);
  });
});
