/**
 * The command line: `run` (also without a command), `inspect`, `probe`, `config check`. Parses,
 * calls the agent, and returns the exit code; it neither exits nor reads the environment.
 */

import { Command, CommanderError, Option } from "commander";
import {
  type AgentConfig,
  type ConfigRequest,
  DEFAULT_CONFIG_FILE,
  type HostAccess,
  KEYS,
  type Key,
  type LoadedConfig,
  loadConfig,
  maskedConfig,
  PROFILES,
  settingOf,
} from "../agent/config.ts";
import type { InspectRequest } from "../agent/inspect.ts";
import { createLogger, type LineTarget, type Logger } from "../agent/log.ts";
import { AgentError } from "../model/errors.ts";
import { type ExitCode, failureExitCode, failureText, PROGRAM } from "./failure.ts";
import { DESCRIPTION, EXAMPLES } from "./help.ts";
import { inspectCommand } from "./inspect.ts";

/** What the command line needs of the world. */
export interface Services {
  readonly version: string;
  readonly host: HostAccess;
  readonly stdout: LineTarget;
  readonly stderr: LineTarget;
  /** Resolves after a clean stop. */
  runAgent(config: AgentConfig, log: Logger): Promise<void>;
  probeHost(): Promise<{ readonly report: object; readonly text: string }>;
  /** Prints what is in capture files. */
  inspectFiles(request: InspectRequest): Promise<void>;
}

/** Runs one command line, without the name of the program. Never rejects. */
export async function runCli(args: readonly string[], services: Services): Promise<ExitCode> {
  const program = buildProgram(services);
  try {
    await program.parseAsync(withLongConfig(args), { from: "user" });
    return 0;
  } catch (error) {
    // Help and version arrive as errors too; `config` alone prints its help and is a mistake.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageError(error) : error;
    services.stderr.write(failureText(failure));
    return failureExitCode(failure);
  }
}

/** `-config FILE` as `--config FILE`: the documented agent takes both. */
function withLongConfig(args: readonly string[]): string[] {
  return args.map((arg) => (/^-config(?:=|$)/.test(arg) ? `-${arg}` : arg));
}

function usageError(error: CommanderError): AgentError {
  const line =
    error.code === "commander.help"
      ? "config needs a command: use config check"
      : error.message.replace(/^error: /, "").replaceAll("\n", " ");
  return new AgentError("CONFIG_INVALID", `${line}; see ${PROGRAM} --help`, {}, error);
}

function buildProgram(services: Services): Command {
  const program = new Command(PROGRAM)
    .description(DESCRIPTION)
    .version(services.version, "-V, --version", "Print the version.")
    .helpOption("-h, --help", "Print this help.")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => services.stdout.write(text),
      // Refusals are printed by runCli, each on one line.
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", EXAMPLES);
  for (const option of configOptions()) program.addOption(option);

  program
    .command("run", { isDefault: true })
    .description("Run the agent (the default).")
    .allowExcessArguments()
    .action((_options, command: Command) => run(command, services));
  program.addCommand(
    inspectCommand(async (request, command) => {
      refuseConfig(command);
      await services.inspectFiles(request);
    }).copyInheritedSettings(program),
  );
  program
    .command("probe")
    .description("Tell what this host's kernel allows; the exit code is 0 whatever that is.")
    .option("--json", "Print JSON, with a table of features.")
    .action((options: { json?: true }, command: Command) => probe(options, command, services));
  program
    .command("config")
    .description("Work on the configuration: config check.")
    .command("check")
    .description("Print the configuration in force, secrets masked, or every problem in it.")
    .action((_options, command: Command) => checkConfig(command, services));
  return program;
}

const CONFIG_OPTION = new Option(
  "--config <FILE>",
  `YAML file, also -config FILE; else ${DEFAULT_CONFIG_FILE} when it exists.`,
);
const PROFILE_OPTION = new Option(
  "--profile <NAME>",
  `Defaults for another occasion: ${Object.keys(PROFILES).join(", ")}.`,
);
const KEY_OPTIONS: ReadonlyMap<Key, Option> = new Map(
  KEYS.flatMap((key) => {
    const { flag, meaning } = settingOf(key);
    if (flag === undefined) return [];
    const text = `${meaning.replaceAll("`", "")} [${key}]`;
    return [[key, new Option(`${flag.name} <${flag.argument}>`, text)] as const];
  }),
);

function configOptions(): Option[] {
  return [CONFIG_OPTION, PROFILE_OPTION, ...KEY_OPTIONS.values()];
}

/** The value of an option on the command line, wherever on it the option stood. */
function given(command: Command, option: Option): string | undefined {
  const value: unknown = command.optsWithGlobals()[option.attributeName()];
  return typeof value === "string" ? value : undefined;
}

function load(command: Command, services: Services): LoadedConfig {
  const flags: Partial<Record<Key, string>> = {};
  for (const [key, option] of KEY_OPTIONS) {
    const value = given(command, option);
    if (value !== undefined) flags[key] = value;
  }
  const configFile = given(command, CONFIG_OPTION);
  const profile = given(command, PROFILE_OPTION);
  const request: ConfigRequest = {
    flags,
    ...(configFile === undefined ? {} : { configFile }),
    ...(profile === undefined ? {} : { profile }),
  };
  return loadConfig(request, services.host);
}

async function run(command: Command, services: Services): Promise<void> {
  const [unknown] = command.args;
  if (unknown !== undefined) {
    const message = `unknown command ${JSON.stringify(unknown)}: use run, inspect, probe or config check; see ${PROGRAM} --help`;
    throw new AgentError("CONFIG_INVALID", message);
  }
  const { config, warnings } = load(command, services);
  const log = createLogger(config.log, services.stderr);
  for (const warning of warnings) log.warn(warning);
  await services.runAgent(config, log);
}

/** For a command that has nothing to configure. */
function refuseConfig(command: Command): void {
  const ignored = configOptions().find((option) => given(command, option) !== undefined);
  if (ignored === undefined) return;
  const message = `${command.name()} reads no configuration: remove ${ignored.long}`;
  throw new AgentError("CONFIG_INVALID", message);
}

async function probe(
  options: { json?: true },
  command: Command,
  services: Services,
): Promise<void> {
  refuseConfig(command);
  const { report, text } = await services.probeHost();
  const output = options.json === true ? JSON.stringify(report, null, 2) : text.trimEnd();
  services.stdout.write(`${output}\n`);
}

function checkConfig(command: Command, services: Services): void {
  const { effective, warnings } = load(command, services);
  for (const warning of warnings) services.stderr.write(`${PROGRAM}: warning: ${warning}\n`);
  services.stdout.write(maskedConfig(effective));
}
