/** What the kernel itself says of BPF programs, maps and links: procfs and bpftool. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const BPFTOOL_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** Numbers of the objects a process holds file descriptors of. */
export interface HeldObjects {
  prog: number[];
  map: number[];
  link: number[];
}

type Kind = keyof HeldObjects;
const KINDS: readonly Kind[] = ["prog", "map", "link"];

/** `true`, or why bpftool cannot be used. */
export function canAskKernel(): true | string {
  const { error, status } = spawnSync("bpftool", ["version"], { timeout: BPFTOOL_TIMEOUT_MS });
  if (error !== undefined) return `bpftool: ${error.message}`;
  return status === 0 || `bpftool version ended with ${status}`;
}

/** Of a process that does not run at this moment, or that holds still for another reason. */
export function heldBy(pid: number): HeldObjects {
  const held: HeldObjects = { prog: [], map: [], link: [] };
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    // A link names its program too: the first of the three that a descriptor has is its kind.
    const kind = (["link", "map", "prog"] as const).find((name) => idIn(info, name) !== undefined);
    if (kind !== undefined) held[kind].push(idIn(info, kind) as number);
  }
  return held;
}

function idIn(fdinfo: string, kind: Kind): number | undefined {
  const id = new RegExp(`^${kind}_id:\\s*(\\d+)$`, "m").exec(fdinfo)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** What bpftool shows of one object; undefined when it is gone. */
export function showObject(kind: Kind, id: number): Record<string, unknown> | undefined {
  const args = ["-j", kind, "show", "id", String(id)];
  const { stdout, status } = spawnSync("bpftool", args, {
    encoding: "utf8",
    timeout: BPFTOOL_TIMEOUT_MS,
  });
  const shown: unknown = JSON.parse(stdout || "null");
  if (shown instanceof Object && "error" in shown) {
    if (/No such file or directory/.test(String(shown.error))) return undefined;
    throw new Error(`bpftool ${args.join(" ")}: ${shown.error}`);
  }
  if (status !== 0) throw new Error(`bpftool ${args.join(" ")} ended with ${status}`);
  return (Array.isArray(shown) ? shown[0] : shown) as Record<string, unknown>;
}

/** The objects that the kernel has all the same; it frees a dead process's shortly after it. */
export async function remaining(held: HeldObjects, timeoutMs: number): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = KINDS.flatMap((kind) =>
      held[kind].filter((id) => showObject(kind, id) !== undefined).map((id) => `${kind} ${id}`),
    );
    if (left.length === 0 || Date.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
