/** Real capture files: as many packets as their truth has, and the same however they are read. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { type NetModule, netModule } from "./support/net-module.ts";

const CORPUS = "../shared/corpus";
const PACKETS = 16;

interface File {
  file: string;
  packets: number;
  size: number;
}

/** The truth has two packets less than the file's 413 enhanced packet blocks: tshark stopped. */
const MORE_THAN_TRUTH: Record<string, number> = {
  "ajbanjara-Wireshark__Development-PcapNg-pcap-ng_Wi-Fi_Bluetooth_USB_Cooked_timestamps_issue_1.pcapng": 413,
};

let module: NetModule;
beforeAll(async () => {
  module = await netModule();
});

function captures(): File[] {
  const index = JSON.parse(readFileSync(join(CORPUS, "index.json"), "utf8")) as { files: File[] };
  return index.files.filter(({ file }) => file.startsWith("pcap/"));
}
const read = ({ file }: File) => readFileSync(join(CORPUS, file));
const present = () => existsSync(join(CORPUS, "index.json")) || "the corpus is not there";

describe("the corpus of captures", () => {
  it("has as many packets as its truth", (ctx) => {
    requireOrSkip(ctx, present(), "the corpus");
    const files = captures();
    expect(files.length).toBeGreaterThan(800);
    for (const one of files) {
      const { counter } = module.capture(read(one), { piece: 1 << 18 });
      const name = one.file.split("/").at(-1) ?? "";
      expect([name, counter(PACKETS)]).toEqual([name, MORE_THAN_TRUTH[name] ?? one.packets]);
      expect(module.blocksInUse).toBe(0);
    }
  }, 120_000);

  it("gives the same for pieces that cut every record", (ctx) => {
    requireOrSkip(ctx, present(), "the corpus");
    const files = captures().filter(({ size }) => size < 30_000);
    expect(files.length).toBeGreaterThan(400);
    for (const one of files) {
      const whole = module.capture(read(one), { flows: true });
      const cut = module.capture(read(one), { flows: true, piece: 101 });
      expect([one.file, cut.events, cut.flows]).toEqual([one.file, whole.events, whole.flows]);
    }
  }, 120_000);
});
