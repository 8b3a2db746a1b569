import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { hex } from "./harness.ts";
import { type TestModule, testModule } from "./hpack-support.ts";
import { indexed, inserted, join, literal, tableSize } from "./http2-support.ts";

const STORIES = fileURLToPath(new URL("../../../shared/corpus/hpack", import.meta.url));

interface Story {
  readonly cases: readonly { wire: string; headers: readonly Record<string, string>[] }[];
}

let module: TestModule;
beforeAll(() => {
  module = testModule();
}, 120_000);
beforeEach(() => module.exports.hpackBegin());

const decode = (...parts: (Uint8Array | string)[]) => module.decode(join(...parts));

describe("HPACK", () => {
  it.for(["go-hpack", "nghttp2", "nghttp2-change-table-size"])(
    "decodes every story of %s to its header lists",
    (encoder, ctx) => {
      requireOrSkip(ctx, existsSync(STORIES) || `${STORIES} is not there`, "the corpus");
      let cases = 0;
      for (const { cases: blocks } of storiesOf(encoder)) {
        module.exports.hpackBegin();
        for (const { wire, headers } of blocks) {
          expect(decode(hex(wire))).toEqual(headers.flatMap((field) => Object.entries(field)[0]));
          cases++;
        }
      }
      expect(cases).toBeGreaterThan(3000);
    },
  );

  it("decodes the responses of RFC 7541 C.6, which evict", () => {
    // The examples have a table of 256 bytes.
    const first = decode(
      tableSize(256),
      hex("488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff"),
      hex("6e919d29ad171863c78f0b97c8e9ae82ae43d3"),
    );
    expect(first?.slice(0, 2)).toEqual([":status", "302"]);
    expect(first?.at(-1)).toBe("https://www.example.com");
    expect(decode(hex("4883640effc1c0bf"))?.slice(0, 2)).toEqual([":status", "307"]);
    const third = decode(
      hex("88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821d"),
      hex("d7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b106"),
      hex("3d5007"),
    );
    expect(third).toHaveLength(12);
    expect(third?.at(-1)).toBe("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
    // Three entries are left, of 98, 52 and 65 bytes.
    expect(decode(indexed(64))).toEqual(["date", "Mon, 21 Oct 2013 20:13:22 GMT"]);
    expect(decode(indexed(65))).toBeUndefined();
  });

  it("evicts by size: 32 bytes for each entry and its texts", () => {
    decode(tableSize(100), inserted("a", "1"), inserted("b", "2"));
    expect(decode(indexed(63))).toEqual(["a", "1"]);
    decode(inserted("c", "3"));
    expect(decode(indexed(62), indexed(63))).toEqual(["c", "3", "b", "2"]);
    expect(decode(indexed(64))).toBeUndefined();
  });

  it("keeps the name of an entry that its own insertion evicts", () => {
    decode(tableSize(40), inserted("name", "1"));
    expect(decode(inserted(62, "2"), indexed(62))).toEqual(["name", "2", "name", "2"]);
  });

  it("empties the table for an entry that does not fit", () => {
    decode(tableSize(64), inserted("a", "1"));
    expect(decode(inserted("b", "x".repeat(100)))).toEqual(["b", "x".repeat(100)]);
    expect(decode(inserted("c", "3"), indexed(62))).toEqual(["c", "3", "c", "3"]);
    expect(decode(indexed(63))).toBeUndefined();
  });

  it("fills a table of 64 KiB to its last entry", () => {
    decode(tableSize(65_536));
    for (let entry = 0; entry < 3000; entry++) decode(inserted("", ""));
    decode(inserted("k", "v"));
    expect(decode(indexed(62))).toEqual(["k", "v"]);
    // One more would be 2 bytes too many with the last.
    expect(decode(indexed(62 + 2046))).toEqual(["", ""]);
    expect(decode(indexed(62 + 2047))).toBeUndefined();
  });

  it("goes around its storage many times", () => {
    for (let entry = 0; entry < 20_000; entry++) {
      decode(inserted("n", String(entry)));
      if (entry % 997 === 0 && entry > 0) {
        expect(decode(indexed(63))).toEqual(["n", String(entry - 1)]);
      }
    }
    expect(decode(indexed(62))).toEqual(["n", "19999"]);
  });

  const long = Buffer.alloc(6, 0xff);
  it.each<[string, Uint8Array]>([
    ["index 0", indexed(0)],
    ["an index that is not there", indexed(62)],
    ["a name that is not there", inserted(62, "x")],
    ["an integer without end", join(Buffer.of(0xff), long)],
    ["an integer of more than 32 bits", join(Buffer.of(0xff), hex("ffffffff7f"))],
    ["an integer that is cut", hex("ff80")],
    ["a name that is cut", hex("400a6162")],
    ["a value that is cut", hex("4001610a62")],
    ["no value", hex("400161")],
    ["a size update behind a field", join(indexed(2), tableSize(0))],
    ["EOS in a text", join(hex("40016184"), hex("ffffffff"))],
    ["a padding of eight bits", join(hex("40016182"), hex("1fff"))],
    ["a padding of zeros", join(hex("40016181"), hex("18"))],
    ["a Huffman name that is cut", hex("4081fe016a")],
  ])("refuses %s", (_name, block) => {
    expect(decode(block)).toBeUndefined();
  });

  it("begins anew behind a broken block, with nothing in the table", () => {
    decode(inserted("a", "1"), indexed(0));
    expect(decode(indexed(2), literal("b", "2"))).toEqual([":method", "GET", "b", "2"]);
    expect(decode(indexed(62))).toEqual([]);
  });
});

function storiesOf(encoder: string): Story[] {
  const folder = joinPath(STORIES, encoder);
  return readdirSync(folder).map((file) =>
    JSON.parse(readFileSync(joinPath(folder, file), "utf8")),
  );
}
