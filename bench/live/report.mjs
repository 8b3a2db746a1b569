/** The benchmark's results as text. */

const MIB = 1024 ** 2;

export function reportText(results) {
  return [
    `Overhead of the agent: ${results.host.cpus} CPUs (${results.host.model}), kernel ${results.host.kernel}, Node ${results.host.node}`,
    `${results.date}${results.quick ? ", quick" : ""}; medians with min..max of ${results.plan.pairs} pairs, ratio = with / without`,
    ...disturbance(results.rounds),
    ...connectLines(results.rounds.connect),
    ...callLines("Cost to others, ns per call", results.rounds.calls),
    ...callLines(
      "The same while a connection waits in a backlog unaccepted",
      results.rounds.callsWhileWaiting,
    ),
    ...idleLines(results.idle),
    ...loadedLines(results.loaded),
    ...programLines(results.programs),
    "",
  ].join("\n");
}

function disturbance({ roundsWithAnotherAgent: count }) {
  return count === 0 ? [] : [`DISTURBED: another agent was attached in ${count} pairs`];
}

const CONNECT_ROWS = [
  ["connections/s", "perSecond", 0, 1],
  ["load CPU, us/conn", "loadCpuNs", 2, 1e3],
  ["machine CPU, us/conn", "machineCpuNs", 2, 1e3],
  ["softirq ticks, us/conn", "softirqNs", 2, 1e3],
];

function connectLines(connect) {
  const titles = {
    split: "Connections, client on CPU 0, server on CPU 1",
    same: "Connections, client and server on CPU 0",
  };
  return Object.entries(connect).flatMap(([place, figures]) => [
    ...title(titles[place]),
    ...CONNECT_ROWS.map(([name, key, digits, unit]) => compared(name, figures[key], digits, unit)),
    `${"agent CPU, us/conn".padEnd(24)}${"".padEnd(28)}${range(figures.agentCpuNs.on, 2, 1e3)}`,
  ]);
}

function callLines(heading, calls) {
  return [
    ...title(heading),
    ...Object.entries(calls).map(([name, figures]) => compared(name, figures, 0, 1)),
  ];
}

function title(text) {
  return ["", `${text}`, `${"".padEnd(24)}${"without".padEnd(28)}${"with".padEnd(28)}ratio`];
}

function compared(name, { off, on, ratio }, digits, unit) {
  const columns = [range(off, digits, unit), range(on, digits, unit)].map((text) =>
    text.padEnd(28),
  );
  return `${name.padEnd(24)}${columns.join("")}${range(ratio, 3, 1)}`;
}

function range({ median, min, max }, digits, unit) {
  const [middle, low, high] = [median, min, max].map((value) => (value / unit).toFixed(digits));
  return `${middle} (${low}..${high})`;
}

function idleLines(idle) {
  const { memory, bareMemory } = idle;
  const above = memory.rss - bareMemory.rss;
  const kernel = idle.maps.reduce((sum, { memlock }) => sum + memlock, 0);
  return [
    "",
    `Idle for ${idle.seconds.toFixed(0)} s (flush interval 10 s; machine ${idle.machineBusyPercent.toFixed(1)} % of a core busy, ${idle.recordsPerSecond.toFixed(1)} records/s)`,
    `CPU                     ${idle.cpuPercent.toFixed(3)} % of a core (by ticks ${idle.tickCpuPercent.toFixed(3)} %)`,
    `threads, wake-ups       ${idle.threads} (bare node ${idle.bareThreads}), ${idle.wakeUpsPerSecond.toFixed(2)} per second`,
    `RSS                     ${mib(memory.rss)}, bare node ${mib(bareMemory.rss)}, difference ${mib(above)}`,
    `  of that the ring      ${mib(memory.ring)}; without it the difference is ${mib(above - memory.ring)}`,
    `Pss, Pss_Anon           ${mib(memory.pss)}, ${mib(memory.pssAnon)}; bare node ${mib(bareMemory.pss)}, ${mib(bareMemory.pssAnon)}`,
    `kernel maps             ${mib(kernel)}`,
    ...idle.maps
      .filter(({ memlock }) => memlock >= MIB / 4)
      .map((map) => `  ${mapName(map).padEnd(22)}${mib(map.memlock)}`),
  ];
}

function mapName({ type, entries, entryBytes }) {
  return type === "ringbuf" ? type : `${type} ${entries} x ${entryBytes} B`;
}

function loadedLines(loaded) {
  const drops = Object.entries(loaded.drops).map(([name, value]) => `${name} ${value}`);
  return [
    "",
    `Loaded for ${loaded.seconds.toFixed(0)} s (flush interval ${loaded.flushInterval}): ${loaded.connections} connections, ${loaded.perSecond.toFixed(0)}/s`,
    `agent CPU               ${(loaded.agentCpuNs / 1e3).toFixed(2)} us/conn, ${loaded.agentCpuPercent.toFixed(1)} % of a core`,
    `drops                   ${drops.join(", ") || "none"}`,
    `memory after            RSS ${mib(loaded.memory.rss)}, Pss_Anon ${mib(loaded.memory.pssAnon)}`,
  ];
}

function programLines(programs) {
  const total = programs.reduce((sum, { nsPerConnection }) => sum + nsPerConnection, 0);
  return [
    "",
    "Programs, with the kernel's statistics on",
    ...programs.map(
      ({ name, runs, nsPerRun, nsPerConnection }) =>
        `${name.padEnd(24)}${runs.toFixed(2)} runs/conn, ${nsPerRun.toFixed(0)} ns/run, ${nsPerConnection.toFixed(0)} ns/conn`,
    ),
    `${"together".padEnd(24)}${total.toFixed(0)} ns/conn`,
  ];
}

function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
