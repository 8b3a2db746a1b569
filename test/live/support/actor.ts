/** Drives `actor.c`: a process that takes one step with its sockets when it is told to. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const STEP_TIMEOUT_MS = 10_000;

export interface Answer {
  pid: number;
  /** errno of the step, 0 when it succeeded. */
  error: number;
  value: number;
}

export interface Actor {
  pid: number;
  /** Takes the step, such as `0 connect 127.0.0.1 80`; rejects when it fails. Returns its value. */
  do(step: string): Promise<number>;
  /** The same, whatever comes of it. */
  try(step: string): Promise<Answer>;
  /** Ends at once, as with kill -9. */
  kill(): Promise<void>;
}

export interface Troupe {
  start(netns?: string): Promise<Actor>;
  /** Ends every actor, and with them the children they made. */
  dismiss(): Promise<void>;
}

/** Compiles the program; `name` is what the kernel calls its processes (at most 15 characters). */
export function gather(name: string): Troupe {
  const directory = mkdtempSync(join(tmpdir(), "actor-"));
  const program = join(directory, name);
  const source = fileURLToPath(new URL("./actor.c", import.meta.url));
  execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", program, source]);
  const children: ChildProcess[] = [];
  return {
    start: async (netns) => {
      const command = netns === undefined ? [] : ["ip", "netns", "exec", netns];
      const [first = program, ...rest] = [...command, program];
      // A process group of its own, so that the children of a handover end with it.
      const child = spawn(first, rest, { stdio: ["pipe", "pipe", "inherit"], detached: true });
      children.push(child);
      return drive(child);
    },
    dismiss: async () => {
      await Promise.all(children.splice(0).map(end));
      rmSync(directory, { recursive: true });
    },
  };
}

async function drive(child: ChildProcess): Promise<Actor> {
  await once(child, "spawn");
  const { pid, stdin, stdout } = child;
  if (pid === undefined || stdin === null || stdout === null) throw new Error("no actor");
  const answers: ((answer: Answer) => void)[] = [];
  createInterface({ input: stdout }).on("line", (line) => answers.shift()?.(JSON.parse(line)));

  const tryStep = (step: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no answer to "${step}"`));
      const timer = setTimeout(late, STEP_TIMEOUT_MS);
      answers.push((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      stdin.write(`${step}\n`);
    });
  return {
    pid,
    try: tryStep,
    do: async (step) => {
      const { error, value } = await tryStep(step);
      if (error !== 0) throw new Error(`"${step}" failed with errno ${error}`);
      return value;
    },
    kill: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  process.kill(-pid, "SIGKILL");
  await gone;
}
