/** Drives `collector.mjs`: the live source in a process of its own, with chosen rights. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LoadAudit } from "../../../src/capture/live.ts";
import { FLOW_RECORD_OFFSETS as AT, FLOW_RECORD_SIZE } from "../../../src/model/flow-record.ts";
import type { Metric } from "../../../src/model/metric.ts";

const SCRIPT = fileURLToPath(new URL("./collector.mjs", import.meta.url));

/** A flow record, decoded here and not with the product's reader. */
export interface SeenRecord {
  kind: number;
  transport: number;
  role: number;
  flags: number;
  error: number;
  pid: number;
  uid: number;
  comm: string;
  netns: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  sent: number;
  received: number;
  packetsSent: number;
  packetsReceived: number;
  srttUs: number;
  retransmits: number;
  startNs: number;
  observedNs: number;
  connectionId: bigint;
}

export interface Collector {
  audit: LoadAudit;
  records: SeenRecord[];
  collect(): Promise<void>;
  metrics(): Promise<Metric[]>;
  /** Resolves once `enough` holds for the records seen so far. */
  until(enough: (records: SeenRecord[]) => boolean, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
  child: ChildProcess;
}

/**
 * `prefix`: a command the process is started under, such as `setpriv ...`. Rejects with the
 * source's own message when it does not start.
 */
export async function startCollector(
  ringBytes: number,
  prefix: string[] = [],
  options: "oldest-hooks"[] = [],
): Promise<Collector> {
  const [command, ...args] = [...prefix, process.execPath, SCRIPT, String(ringBytes), ...options];
  const child = spawn(command as string, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const records: SeenRecord[] = [];
  const waiting: (() => void)[] = [];
  let metrics: Metric[] = [];
  const done: string[] = [];

  const wakeAll = () => {
    for (const wake of waiting.splice(0)) wake();
  };

  const ready = await new Promise<LoadAudit>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the collector ended with ${code}`)));
    lines.on("line", (line) => {
      const event = JSON.parse(line);
      if (event.ready) resolve(event.ready);
      if (event.failed) reject(new Error(event.failed));
      if (event.records) records.push(...decode(Buffer.from(event.records, "base64")));
      if (event.metrics) metrics = event.metrics;
      if (event.done) done.push(event.done);
      wakeAll();
    });
    lines.once("close", wakeAll);
  });

  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  const command_ = async (word: string) => {
    child.stdin.write(`${word}\n`);
    while (!done.includes(word)) {
      if (child.exitCode !== null) throw new Error(`the collector ended before it did ${word}`);
      await next();
    }
    done.splice(done.indexOf(word), 1);
  };
  return {
    audit: ready,
    records,
    child,
    collect: () => command_("collect"),
    metrics: async () => {
      await command_("metrics");
      return metrics;
    },
    until: async (enough, timeoutMs) => {
      const deadline = Date.now() + timeoutMs;
      while (!enough(records)) {
        const left = deadline - Date.now();
        if (left <= 0)
          throw new Error(`not enough after ${timeoutMs} ms: ${records.length} records`);
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([
          next(),
          new Promise((resolve) => {
            timer = setTimeout(resolve, left);
          }),
        ]);
        clearTimeout(timer);
      }
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      child.stdin.write("stop\n");
      await once(child, "exit");
    },
  };
}

function decode(bytes: Buffer): SeenRecord[] {
  const records: SeenRecord[] = [];
  for (let at = 0; at < bytes.length; at += FLOW_RECORD_SIZE) {
    const family = bytes.readUInt8(at + AT.family);
    const address = (offset: number) =>
      family === 4
        ? bytes.subarray(at + offset, at + offset + 4).join(".")
        : formatV6(bytes.subarray(at + offset, at + offset + 16));
    const comm = bytes.subarray(at + AT.comm, at + AT.comm + 16).toString("latin1");
    records.push({
      kind: bytes.readUInt8(at + AT.kind),
      transport: bytes.readUInt8(at + AT.transport),
      role: bytes.readUInt8(at + AT.role),
      flags: bytes.readUInt16LE(at + AT.flags),
      error: bytes.readUInt16LE(at + AT.error),
      pid: bytes.readUInt32LE(at + AT.pid),
      uid: bytes.readUInt32LE(at + AT.uid),
      comm: comm.slice(0, comm.indexOf("\0")),
      netns: bytes.readUInt32LE(at + AT.netns),
      localAddress: address(AT.local_address),
      localPort: bytes.readUInt16LE(at + AT.local_port),
      remoteAddress: address(AT.remote_address),
      remotePort: bytes.readUInt16LE(at + AT.remote_port),
      sent: Number(bytes.readBigUInt64LE(at + AT.bytes_sent)),
      received: Number(bytes.readBigUInt64LE(at + AT.bytes_received)),
      packetsSent: bytes.readUInt32LE(at + AT.packets_sent),
      packetsReceived: bytes.readUInt32LE(at + AT.packets_received),
      srttUs: bytes.readUInt32LE(at + AT.srtt_us),
      retransmits: bytes.readUInt32LE(at + AT.retransmits),
      startNs: Number(bytes.readBigUInt64LE(at + AT.start_mono_ns)),
      observedNs: Number(bytes.readBigUInt64LE(at + AT.observed_mono_ns)),
      connectionId: bytes.readBigUInt64LE(at + AT.connection_id),
    });
  }
  return records;
}

/** The form inet_ntop prints, from the URL parser and so independent of the product. */
function formatV6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
