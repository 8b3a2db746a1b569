/**
 * From flags, environment, file and profile to one checked configuration, or to one error that
 * names every problem, a line each, of the first hundred.
 */

import { AgentError } from "../model/errors.ts";
import { type AgentConfig, agentConfig } from "./agent-config.ts";
import { busProblems, busWarnings } from "./bus-rules.ts";
import { CONFIG_FILE_BYTES_MAX, type ConfigFile, parseConfigFile } from "./config-file.ts";
import { type HostAccess, systemHost } from "./host.ts";
import { l7ConsentProblems } from "./l7-consent.ts";
import { keyProblem, type Problem, quoted } from "./problem.ts";
import { type EffectiveValue, isChanged, resolve } from "./resolve.ts";
import { type BusMode, KEYS, type Key, PROFILES, settingOf, type Values } from "./settings.ts";

/** More would scroll the first ones, which tell the most, out of sight. */
const PROBLEMS_SHOWN_MAX = 100;

export const DEFAULT_CONFIG_FILE = "/etc/probectl/ebpf-agent.yaml";

/** What the command line says. */
export interface ConfigRequest {
  /** Must exist; without it the default file is read where it exists. */
  readonly configFile?: string;
  /**
   * Defaults of another occasion than an installed agent; the default file belongs to the
   * installed agent and is not read then.
   */
  readonly profile?: string;
  readonly flags?: Readonly<Partial<Record<Key, string>>>;
}

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** One line each, for the operator to hear at every start. */
  readonly warnings: readonly string[];
  /** Every key, in the order of the table. */
  readonly effective: readonly EffectiveValue[];
}

/** Throws an AgentError CONFIG_INVALID whose message has a line for each problem, up to 100. */
export function loadConfig(
  request: ConfigRequest = {},
  host: HostAccess = systemHost(),
): LoadedConfig {
  const file = readConfigFile(request, host);
  // Any key may be in it: to judge the rest without it would blame the innocent.
  if (!file.isReadable) refuse(file.problems);
  const profile = profileDefaults(request.profile);
  const resolved = resolve({
    flags: request.flags ?? {},
    environment: host.environment,
    file: file.values,
    filePath: shownPath(request),
    profile: profile.defaults,
    profileName: request.profile ?? "",
    defaults: { host: host.hostname },
  });
  const { values } = resolved;
  const alone = [...file.problems, ...profile.problems, ...resolved.problems];
  // A key that has no good value of its own is not judged again together with others.
  const faulty = new Set(alone.map(({ key }) => key));
  const together = [
    ...busProblems(values, host),
    ...missingFeatures(values),
    ...l7ConsentProblems(values, host),
    ...fixtureProblems(values, host),
  ];
  const more = together.filter(({ key }) => key === undefined || !faulty.has(key));
  const problems = [...alone, ...more];
  if (problems.length > 0) refuse(problems);
  const warnings = [...busWarnings(values), ...withoutEffect(values)];
  return { config: agentConfig(values), warnings, effective: resolved.effective };
}

function refuse(problems: readonly Problem[]): never {
  const lines = problems.slice(0, PROBLEMS_SHOWN_MAX).map(({ line }) => line);
  const hidden = problems.length - lines.length;
  if (hidden > 0) lines.push(`and ${hidden} more: correct these first`);
  throw new AgentError("CONFIG_INVALID", lines.join("\n"), { problems: problems.length });
}

function readConfigFile(request: ConfigRequest, host: HostAccess): ConfigFile {
  const nothing: ConfigFile = { isReadable: true, values: new Map(), problems: [] };
  const { configFile, profile } = request;
  if (configFile === undefined && profile !== undefined) return nothing;
  const read = host.readText(configFile ?? DEFAULT_CONFIG_FILE, CONFIG_FILE_BYTES_MAX);
  if ("text" in read) return parseConfigFile(read.text, shownPath(request));
  if (configFile === undefined && read.absent) return nothing;
  const fix = "correct --config or the file";
  const line = `the configuration file ${shownPath(request)} cannot be read (${read.fault}): ${fix}`;
  return { ...nothing, isReadable: false, problems: [{ line }] };
}

/** The path of the file, on one line whatever it holds. */
function shownPath({ configFile = DEFAULT_CONFIG_FILE }: ConfigRequest): string {
  return /^[\p{L}\p{N}\p{P} ]+$/u.test(configFile) ? configFile : quoted(configFile);
}

function profileDefaults(name: string | undefined): {
  defaults: Readonly<Partial<Record<Key, string>>>;
  problems: Problem[];
} {
  if (name === undefined) return { defaults: {}, problems: [] };
  if (name === "local") return { defaults: PROFILES.local, problems: [] };
  const line = `--profile: ${quoted(name)} is not one of ${Object.keys(PROFILES).join(", ")}: correct or remove it`;
  return { defaults: {}, problems: [{ line }] };
}

/** Keys whose feature this version lacks, where going on would mislead. */
function missingFeatures(values: Values): Problem[] {
  return KEYS.flatMap((key) => {
    const { missing } = settingOf(key);
    if (missing?.refused !== true || !isChanged(key, values)) return [];
    return [keyProblem(key, `${missing.feature} is not available in this version: unset it`)];
  });
}

/** Keys that were set but change nothing, because of the version or of the bus mode. */
function withoutEffect(values: Values): string[] {
  const mode: BusMode = values["bus.mode"];
  return KEYS.filter((key) => isChanged(key, values)).flatMap((key) => {
    const { missing, busModes } = settingOf(key);
    if (missing !== undefined)
      return [`${key} has no effect: ${missing.feature} is not part of this version`];
    if (busModes === undefined || busModes.includes(mode)) return [];
    return [`${key} has no effect while bus.mode is ${mode}: it is for ${busModes.join(" and ")}`];
  });
}

function fixtureProblems(values: Values, host: HostAccess): Problem[] {
  const path = values.fixture_path;
  const fault = path === "" ? "" : host.readFault(path);
  if (fault === "") return [];
  const fix = "name a JSON file of recorded flows";
  return [keyProblem("fixture_path", `${quoted(path)} cannot be read (${fault}): ${fix}`)];
}
