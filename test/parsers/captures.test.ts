/**
 * Captures of the corpus as whole files: packet counts of every container, no call in what is none
 * of our protocols, and the same records whatever the size of the pieces a file comes in.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ParserRecord } from "../../src/wasm/parsers.ts";
import { requireOrSkip } from "../support/require.ts";
import { newParsers } from "./harness.ts";

const CORPUS = new URL("../../../shared/corpus/", import.meta.url);
const INDEX = new URL("index.json", CORPUS);
const present = existsSync(INDEX) || "../shared/corpus is not there";

interface Capture {
  readonly file: string;
  readonly protocol: string;
  readonly packets: number;
  readonly size: number;
}

function captures(protocol: string): Capture[] {
  if (present !== true) return [];
  const { files } = JSON.parse(readFileSync(INDEX, "utf8")) as { files: Capture[] };
  return files.filter((file) => file.protocol === protocol && file.file.startsWith("pcap/"));
}

const parsers = newParsers();

function read(file: string, pieceBytes = 1 << 18) {
  const bytes = readFileSync(new URL(file, CORPUS));
  const capture = parsers.capture({ flows: true });
  const records: ParserRecord[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    for (const batch of capture.push(bytes.subarray(at, at + pieceBytes))) records.push(...batch);
  }
  for (const batch of capture.finish()) records.push(...batch);
  return { records, fault: capture.fault()?.code, counters: parsers.counters() };
}

describe("captures", () => {
  it("of every format have the right number of packets", (ctx) => {
    requireOrSkip(ctx, present, "the corpus");
    const files = captures("formats");
    expect(files.length).toBeGreaterThan(0);
    const counted = files.map(({ file }) => [file, Number(read(file).counters.packets)]);
    expect(counted).toEqual(files.map(({ file, packets }) => [file, packets]));
  });

  it("of other protocols have no call", (ctx) => {
    requireOrSkip(ctx, present, "the corpus");
    const files = captures("negative");
    expect(files.length).toBeGreaterThan(0);
    for (const { file } of files) {
      const calls = read(file).records.filter((record) => record.kind === "call");
      expect(calls, file).toEqual([]);
    }
  });

  it("give the same records in pieces of any size", (ctx) => {
    requireOrSkip(ctx, present, "the corpus");
    const all = ["formats", "http1", "http2", "grpc", "dns", "kafka"].flatMap(captures);
    const files = all.filter(({ size }) => size < 20_000).filter((_file, at) => at % 5 === 0);
    expect(files.length).toBeGreaterThan(0);
    for (const { file } of files) {
      const whole = read(file);
      for (const size of [1, 7, 1500])
        expect(read(file, size), `${file} by ${size}`).toEqual(whole);
    }
  });
});
