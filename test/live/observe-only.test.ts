/**
 * The agent can only observe. Planted programs that could do more are refused by the proof,
 * however their forbidden part is hidden; what is shipped passes it; and what a running agent
 * has attached is, by the kernel's own account, what its audit says.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { type Collector, startCollector } from "./support/collector.ts";
import { canCapture } from "./support/kernel.ts";
import { canAskKernel, heldBy, showObject } from "./support/kernel-objects.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PLANTED = join(ROOT, "test/live/planted");
const PROVE = join(ROOT, "native/build/Release/prove");
const SHIPPED = join(ROOT, "build/bpf/flow.bpf.o");
const TIMEOUT_MS = 60_000;
const RING_BYTES = 1024 * 1024;

/** Every plant, and what the proof says of it. */
const REFUSALS: Record<string, string> = {
  write_user: "program planted: helper 36 is not on the list",
  write_user_macro: "program planted: helper 36 is not on the list",
  write_user_subprogram: "program planted: helper 36 is not on the list",
  write_user_global: "program planted: helper 36 is not on the list",
  write_user_number: "program planted: helper 36 is not on the list",
  indirect_call: "program planted: indirect call",
  send_signal: "program planted: helper 109 is not on the list",
  kernel_function: "program planted: call of a kernel function (kfunc)",
  kernel_symbol: "program planted: pointer to a kernel symbol or program (kind 3)",
  loop_callback: "program planted: pointer to a kernel symbol or program (kind 4)",
  override_return: "program planted: program type 2 is not observe-only", // kprobe
  tc: "program planted: program type 3 is not observe-only",
  xdp: "program planted: program type 6 is not observe-only",
  struct_ops: "program planted: program type 27 is not observe-only",
  lsm: "program planted: program type 29 is not observe-only",
  fentry: "program planted: attach type 24 is not observe-only",
  modify_return: "program planted: attach type 26 is not observe-only",
  sleepable: "program planted: section iter.s/task_file is not on the list",
  tail_call_map: "map jumps: type 3 is not on the list",
  perf_map: "map events: type 4 is not on the list",
  socket_map: "map sockets: type 15 is not on the list",
};

/** Helpers that read, or write to the program's own maps and output (linux/bpf.h). */
const OBSERVING_HELPERS = [
  1, // map_lookup_elem
  2, // map_update_elem
  3, // map_delete_elem
  5, // ktime_get_ns
  8, // get_smp_processor_id
  35, // get_current_task
  112, // probe_read_user
  113, // probe_read_kernel
  127, // seq_write
  130, // ringbuf_output
  134, // ringbuf_query
  158, // get_current_task_btf
  137, // skc_to_tcp_sock
  175, // task_pt_regs
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "planted-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function canProve(): true | string {
  if (!existsSync(PROVE) || !existsSync(SHIPPED)) return "the native build is missing";
  return canCapture();
}

function compile(name: string): string {
  const object = join(directory, `${name}.o`);
  const target = process.arch === "arm64" ? "arm64" : "x86";
  const includes = [`-I${join(ROOT, "bpf")}`, `-I${PLANTED}`];
  const flags = ["-target", "bpf", `-D__TARGET_ARCH_${target}`, "-mcpu=v2", "-O2", "-g", "-Wall"];
  const args = [...flags, ...includes, "-c", join(PLANTED, `${name}.bpf.c`), "-o", object];
  const { status, stderr } = spawnSync("clang", args, { encoding: "utf8", timeout: TIMEOUT_MS });
  expect([status, stderr]).toEqual([0, ""]);
  return object;
}

/** The proof's verdict, without the name of the file. */
function prove(object: string): { code: number | null; verdict: string } {
  const { status, stdout } = spawnSync(PROVE, [object], { encoding: "utf8", timeout: TIMEOUT_MS });
  expect(stdout.startsWith(`${object}: `)).toBe(true);
  return { code: status, verdict: stdout.slice(object.length + 2) };
}

describe("the observe-only proof", () => {
  beforeEach((context) => requireOrSkip(context, canProve(), "the proof"));

  it("is asked about every plant", () => {
    const plants = readdirSync(PLANTED).filter((file) => file.endsWith(".bpf.c"));
    const names = plants.map((file) => file.replace(".bpf.c", "")).sort();
    expect(names).toEqual(["harmless", ...Object.keys(REFUSALS)].sort());
  });

  it.each(Object.entries(REFUSALS))("refuses %s: %s", (name, reason) => {
    const { code, verdict } = prove(compile(name));
    expect(verdict).toContain(`refused: prove observe-only: ${reason}`);
    expect(code).toBe(1);
  });

  it("passes a program that differs from the plants in nothing but what they plant", () => {
    expect(prove(compile("harmless"))).toEqual({ code: 0, verdict: "ok (1 programs)\n" });
  });

  it("passes what is shipped, every program of it", () => {
    const { code, verdict } = prove(SHIPPED);
    const programs = Number(/^ok \((\d+) programs\)\n$/.exec(verdict)?.[1]);
    expect(programs, verdict).toBeGreaterThanOrEqual(6);
    expect(code).toBe(0);
  });
});

describe("what a running agent has in the kernel", () => {
  it("is what its audit says, and only observes", async (context) => {
    requireOrSkip(context, canCapture(), "live capture");
    requireOrSkip(context, canAskKernel(), "bpftool");
    const collector = await startCollector(RING_BYTES);
    try {
      compareWithKernel(collector);
    } finally {
      await collector.stop();
    }
  });
});

function compareWithKernel(collector: Collector): void {
  const { programs } = collector.audit;
  const held = heldBy(collector.child.pid as number);
  const ids = programs.map(({ id }) => id).sort();
  expect(ids.length).toBeGreaterThanOrEqual(6);
  expect([...held.prog].sort()).toEqual(ids);
  for (const { id, name, helperIds, instructions } of programs) {
    expect(helperIds.filter((helper) => !OBSERVING_HELPERS.includes(helper))).toEqual([]);
    expect([helperIds.length > 0, instructions > 0]).toEqual([true, true]);
    expect(showObject("prog", id)).toMatchObject({ type: "tracing", name });
  }
  const links = held.link.map((id) => showObject("link", id));
  const attached = links.map((link) => [
    link?.prog_id,
    link?.type,
    link?.tp_name ?? link?.target_name,
  ]);
  const said = programs.map(({ id, attachType, target }) => [
    id,
    attachType === "iter" ? "iter" : "raw_tracepoint",
    target,
  ]);
  expect(attached.sort()).toEqual(said.sort());
  const maps = held.map.map((id) => showObject("map", id)?.type);
  const observing = ["hash", "array", "percpu_array", "ringbuf"];
  expect(maps.length).toBeGreaterThanOrEqual(4);
  expect(maps.filter((type) => !observing.includes(String(type)))).toEqual([]);
}
