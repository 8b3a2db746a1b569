/** One agent at a time, watched from outside: idle, under load, and program by program. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, endWithUs } from "./agent.mjs";
import { connections, Load } from "./load.mjs";
import { bpfObjects, cpuNs, machineNs, memory, sleeps, threads, tickCpuNs } from "./proc.mjs";

const DEFAULT_FLUSH = "10s";
const FLUSH_TIMEOUT_MS = 15_000;
/**
 * An idle host: CPU, wake-ups and memory of the agent, beside a Node that only waits.
 *
 * @param {{ calmMs: number, idleMs: number }} plan calmMs: for what start-up leaves to compile,
 *   optimize and collect
 */
export async function measureIdle(folder, { calmMs, idleMs }) {
  const bare = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e9)"], { stdio: "ignore" });
  endWithUs(bare);
  const agent = await Agent.start(folder, DEFAULT_FLUSH);
  try {
    await sleep(calmMs);
    const before = await sample(agent);
    await sleep(idleMs);
    const after = await sample(agent);
    const seconds = (after.at - before.at) / 1e3;
    const rate = (key) => (after[key] - before[key]) / seconds;
    return {
      seconds,
      cpuPercent: rate("cpu") / 1e7,
      tickCpuPercent: rate("ticks") / 1e7,
      wakeUpsPerSecond: rate("sleeps"),
      machineBusyPercent: rate("machine") / 1e7,
      recordsPerSecond: rate("records"),
      threads: threads(agent.pid),
      bareThreads: threads(bare.pid),
      memory: memory(agent.pid),
      bareMemory: memory(bare.pid),
      maps: bpfObjects(agent.pid).maps,
    };
  } finally {
    bare.kill("SIGKILL");
    await agent.stop();
  }
}

async function sample(agent) {
  const { pid } = agent;
  return {
    records: (await agent.counters()).get("observed_total"),
    at: performance.now(),
    cpu: cpuNs(pid),
    ticks: tickCpuNs(pid),
    sleeps: sleeps(pid),
    machine: machineNs().busy,
  };
}

/** Connections without a pause; what the agent spends on each, loses, and holds after. */
export async function measureLoaded(folder, program, { runMs, flushInterval }) {
  const agent = await Agent.start(folder, flushInterval);
  try {
    await connections(program, { warmMs: 0, runMs: 500, place: "split" });
    await agent.flushed(FLUSH_TIMEOUT_MS);
    const cpu = cpuNs(agent.pid);
    const load = await connections(program, { warmMs: 0, runMs, place: "split" });
    await agent.flushed(FLUSH_TIMEOUT_MS);
    await agent.flushed(FLUSH_TIMEOUT_MS);
    const spent = cpuNs(agent.pid) - cpu;
    const counters = await agent.counters();
    const drops = [...counters].filter(
      ([name, value]) => value > 0 && /dropped|recursion|owner_unknown|skipped/.test(name),
    );
    return {
      flushInterval,
      seconds: load.wallNs / 1e9,
      connections: load.connections,
      perSecond: load.connections / (load.wallNs / 1e9),
      agentCpuNs: spent / load.connections,
      agentCpuPercent: (spent / load.wallNs) * 100,
      drops: Object.fromEntries(drops),
      memory: memory(agent.pid),
    };
  } finally {
    await agent.stop();
  }
}

/**
 * Each program's runs and time per connection, by the kernel's own statistics. Those cost some
 * time themselves, so the sum is a little above what a connection pays without them.
 */
export async function measurePrograms(folder, program, runMs) {
  const agent = await Agent.start(folder, DEFAULT_FLUSH);
  const stats = new Load(program, ["stats"]);
  try {
    await stats.next(5000);
    const before = bpfObjects(agent.pid).programs;
    const load = await connections(program, { warmMs: 0, runMs, place: "same" });
    return [...bpfObjects(agent.pid).programs]
      .map(([id, { runs, runNs }]) => {
        const count = runs - before.get(id).runs;
        const ns = runNs - before.get(id).runNs;
        const name = agent.programNames.get(id) ?? `program ${id}`;
        return {
          name,
          runs: count / load.connections,
          nsPerRun: count === 0 ? 0 : ns / count,
          nsPerConnection: ns / load.connections,
        };
      })
      .filter(({ runs }) => runs > 0.01);
  } finally {
    await stats.close();
    await agent.stop();
  }
}
