import { expect, it } from "vitest";
import { createProgress } from "./inspect-progress.ts";

const half = { size: 200, bytesRead: () => 100, chunks: () => ({}) as AsyncIterable<Uint8Array> };

function terminal() {
  const written: string[] = [];
  const clock = { ms: 0 };
  const progress = createProgress(
    (text) => written.push(text),
    () => clock.ms,
  );
  return { written, clock, progress };
}

it("draws now and then, in place", () => {
  const { written, clock, progress } = terminal();
  progress.tick("a.pcap", half);
  expect(written).toEqual([]);
  clock.ms = 250;
  progress.tick("a.pcap", half);
  progress.tick("a.pcap", half);
  expect(written).toEqual(["\r\u001b[Ka.pcap: 50%"]);
});

it("is erased for other text, once", () => {
  const { written, clock, progress } = terminal();
  progress.clear();
  clock.ms = 250;
  progress.tick("a.pcap", { ...half, size: 0 });
  progress.clear();
  progress.clear();
  expect(written).toEqual(["\r\u001b[Ka.pcap: 100%", "\r\u001b[K"]);
});

it("is silent where there is no terminal", () => {
  const clock = { ms: 0 };
  const progress = createProgress(undefined, () => clock.ms);
  clock.ms = 9_999;
  expect(() => progress.tick("a.pcap", half)).not.toThrow();
});
