/** What procfs tells of a process and of the machine (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

/** Kernel's USER_HZ: the unit of the times in /proc/stat and /proc/PID/stat. */
const TICK_NS = 1e7;

const MAP_TYPES = { 1: "hash", 2: "array", 6: "percpu_array", 9: "lru_hash", 27: "ringbuf" };

/** The tracepoints only a flow agent is attached to. */
const AGENT_TRACEPOINT = /^tp_name:\s+(inet_sock_set_state|sock_send_length)$/m;

/** Nanoseconds on a CPU so far, over all threads, as the scheduler counted them. */
export function cpuNs(pid) {
  return sumOverThreads(pid, "schedstat", (text) => Number(text.split(" ")[0]));
}

/** utime + stime of /proc/PID/stat, in nanoseconds but in steps of a tick. */
export function tickCpuNs(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name, which may hold anything; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_NS;
}

export function threads(pid) {
  return readdirSync(`/proc/${pid}/task`).length;
}

/** Times a thread gave up its CPU to wait; each is followed by a wake-up. */
export function sleeps(pid) {
  return sumOverThreads(pid, "status", (text) => field(text, "voluntary_ctxt_switches"));
}

function sumOverThreads(pid, file, value) {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, tid) => sum + value(readFileSync(`/proc/${pid}/task/${tid}/${file}`, "utf8")),
    0,
  );
}

/** Bytes. `ring` is what of `rss` is the ring buffer, which the kernel maps twice in a row. */
export function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name) => field(rollup, name) * 1024;
  return { rss: kib("Rss"), pss: kib("Pss"), pssAnon: kib("Pss_Anon"), ring: ringRss(pid) };
}

function ringRss(pid) {
  const text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  let inRing = false;
  let sum = 0;
  for (const line of text.split("\n")) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inRing = line.endsWith("bpf-map");
    else if (inRing && line.startsWith("Rss:")) sum += Number(line.split(/\s+/)[1]) * 1024;
  }
  return sum;
}

/** What the process holds of BPF: memory of its maps, run times of its programs. */
export function bpfObjects(pid) {
  const maps = new Map();
  const programs = new Map();
  for (const text of descriptors(pid)) {
    if (text.includes("\nmap_type:")) {
      maps.set(field(text, "map_id"), {
        type: MAP_TYPES[field(text, "map_type")] ?? `type ${field(text, "map_type")}`,
        entries: field(text, "max_entries"),
        entryBytes: field(text, "key_size") + field(text, "value_size"),
        memlock: field(text, "memlock"),
      });
    } else if (text.includes("\nprog_type:")) {
      programs.set(field(text, "prog_id"), {
        memlock: field(text, "memlock"),
        runs: field(text, "run_cnt"),
        runNs: field(text, "run_time_ns"),
      });
    }
  }
  return { maps: [...maps.values()], programs };
}

/** Processes other than `own` that are attached where the agent is: their work is in our figures. */
export function otherAgents(own) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== own)
    .map(Number)
    .filter((pid) => descriptors(pid).some((text) => AGENT_TRACEPOINT.test(text)));
}

/** The text of every file descriptor; a process or descriptor that is gone has none. */
function descriptors(pid) {
  const folder = `/proc/${pid}/fdinfo`;
  const texts = [];
  try {
    for (const fd of readdirSync(folder)) texts.push(readFileSync(`${folder}/${fd}`, "utf8"));
  } catch (error) {
    if (!["ENOENT", "ESRCH", "EACCES"].includes(error.code)) throw error;
  }
  return texts;
}

function field(text, name) {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text);
  if (found === null) throw new Error(`no ${name} in a file of procfs`);
  return Number(found[1]);
}

/** Nanoseconds all CPUs were busy and in softirq, as sampled by the timer tick. */
export function machineNs() {
  const [line] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user, nice, system, , , irq, softirq, steal] = line
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) * TICK_NS);
  return { busy: user + nice + system + irq + softirq, softirq, steal };
}
