/** Rounds without and with the agent, in turn: connections, and system calls of others. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "./agent.mjs";
import { connections, Load } from "./load.mjs";
import { compare } from "./numbers.mjs";
import { cpuNs, machineNs, otherAgents } from "./proc.mjs";

const PLACES = ["split", "same"];
/** Short, so that every measured window has flushes in it and pays for them. */
const FLUSH_INTERVAL = "1s";
const SETTLE_MS = 100;
const PASS_TIMEOUT_MS = 60_000;

/**
 * @param {string} folder scratch
 * @param {string} program load generator
 * @param {{ pairs: number, callMs: number, warmMs: number, runMs: number }} plan
 */
export async function measureRounds(folder, program, plan, say) {
  const calls = new Load(program, ["calls", plan.callMs]);
  const rounds = [];
  try {
    await calls.ask("plain", PASS_TIMEOUT_MS); // the first pass is colder than the rest
    for (let pair = 0; pair < plan.pairs; pair++) {
      say(`pair ${pair + 1} of ${plan.pairs}`);
      const off = await round(undefined, program, calls, plan);
      const agent = await Agent.start(folder, FLUSH_INTERVAL);
      const on = await round(agent, program, calls, plan).finally(() => agent.stop());
      rounds.push({ off, on });
    }
  } finally {
    await calls.close();
  }
  return { rounds, ...summarize(rounds) };
}

async function round(agent, program, calls, plan) {
  await sleep(SETTLE_MS);
  const plain = await calls.ask("plain", PASS_TIMEOUT_MS);
  const waiting = await calls.ask("waiting", PASS_TIMEOUT_MS);
  const connect = {};
  for (const place of PLACES) {
    await sleep(SETTLE_MS);
    connect[place] = await connectRound(agent, program, { ...plan, place });
  }
  return { plain, waiting, connect, otherAgents: otherAgents(agent?.pid).length };
}

/** CPU figures are nanoseconds per connection; those of the machine and the agent include the warm-up. */
async function connectRound(agent, program, options) {
  const machine = machineNs();
  const agentNs = agent && cpuNs(agent.pid);
  const load = await connections(program, options);
  const agentCpu = agent && cpuNs(agent.pid) - agentNs;
  const after = machineNs();
  const all = load.warm + load.connections;
  return {
    perSecond: load.connections / (load.wallNs / 1e9),
    loadCpuNs: (load.clientCpuNs + load.serverCpuNs) / load.connections,
    machineCpuNs: (after.busy - machine.busy) / all,
    softirqNs: (after.softirq - machine.softirq) / all,
    agentCpuNs: agentCpu === undefined ? 0 : agentCpu / all,
  };
}

function summarize(rounds) {
  const both = (pick) =>
    compare(
      rounds.map(({ off }) => pick(off)),
      rounds.map(({ on }) => pick(on)),
    );
  const connect = Object.fromEntries(
    PLACES.map((place) => {
      const keys = Object.keys(rounds[0].on.connect[place]);
      return [
        place,
        Object.fromEntries(keys.map((key) => [key, both((r) => r.connect[place][key])])),
      ];
    }),
  );
  const callsOf = (pass) =>
    Object.fromEntries(
      Object.keys(rounds[0].on[pass]).map((kind) => [kind, both((r) => r[pass][kind])]),
    );
  return {
    connect,
    calls: callsOf("plain"),
    callsWhileWaiting: callsOf("waiting"),
    roundsWithAnotherAgent: rounds.filter(({ off, on }) => off.otherAgents + on.otherAgents > 0)
      .length,
  };
}
