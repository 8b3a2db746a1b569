/** The known peers of `peer.c`, compiled on the spot, and network namespaces to run them in. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** One end of one connection, as the process at that end knows it. */
export interface KnownEnd {
  role: "client" | "server";
  pid: number;
  comm: string;
  sent: number;
  received: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

let compiled: string | undefined;

export function peerProgram(): string {
  if (compiled === undefined) {
    compiled = join(mkdtempSync(join(tmpdir(), "peer-")), "peer");
    const source = fileURLToPath(new URL("./peer.c", import.meta.url));
    execFileSync("cc", ["-O2", "-Wall", "-o", compiled, source]);
  }
  return compiled;
}

export interface Server {
  port: number;
  /** Lets the server finish and returns what it saw. */
  finish(): Promise<KnownEnd[]>;
  child: ChildProcess;
}

const inNamespace = (netns: string | undefined, command: string[]) =>
  netns === undefined ? command : ["ip", "netns", "exec", netns, ...command];

export async function serve(address: string, netns?: string): Promise<Server> {
  const [command, ...args] = inNamespace(netns, [peerProgram(), "serve", address]);
  const child = spawn(command as string, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ends: KnownEnd[] = [];
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    lines.on("line", (line) => {
      const said = JSON.parse(line);
      if (said.port) resolve(said.port);
      else ends.push(said);
    });
  });
  return {
    port,
    child,
    finish: async () => {
      child.stdin.end();
      await once(child, "close");
      return ends;
    },
  };
}

export async function dial(
  address: string,
  port: number,
  count: number,
  mode: "reply" | "exit" | "reset",
  netns?: string,
): Promise<KnownEnd[]> {
  const [command, ...args] = inNamespace(netns, [
    peerProgram(),
    "dial",
    address,
    String(port),
    String(count),
    mode,
  ]);
  const child = spawn(command as string, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`peer dial ${address} ${mode} ended with ${code}`);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Two namespaces joined by a veth pair, removed by `remove`. */
export function joinNamespaces(): { left: string; right: string; remove(): void } {
  const left = `pcl-${process.pid}`;
  const right = `pcr-${process.pid}`;
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "pipe" });
  ip("netns", "add", left);
  ip("netns", "add", right);
  ip(
    "link",
    "add",
    "veth0",
    "netns",
    left,
    "type",
    "veth",
    "peer",
    "name",
    "veth0",
    "netns",
    right,
  );
  for (const [netns, host] of [
    [left, 1],
    [right, 2],
  ] as const) {
    ip("-n", netns, "addr", "add", `198.18.7.${host}/24`, "dev", "veth0");
    ip("-n", netns, "addr", "add", `fd07::${host}/64`, "dev", "veth0", "nodad");
    ip("-n", netns, "link", "set", "lo", "up");
    ip("-n", netns, "link", "set", "veth0", "up");
  }
  return {
    left,
    right,
    remove: () => {
      ip("netns", "del", left);
      ip("netns", "del", right);
    },
  };
}
