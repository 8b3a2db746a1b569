/**
 * Which layer decides each key: flag > environment > file > profile > default. The effective
 * text of every key keeps its origin, so that `config check` can say where a value came from.
 */

import type { FileValue } from "./config-file.ts";
import type { RawValue } from "./formats.ts";
import { isSecret, MASK, type Problem, quoted } from "./problem.ts";
import {
  ENVIRONMENT_PREFIX,
  environmentName,
  KEYS,
  type Key,
  settingOf,
  type Values,
} from "./settings.ts";
import { closest } from "./suggest.ts";

/** The effective text of one key; `origin` is "" for the default. */
export interface EffectiveValue {
  readonly key: Key;
  readonly raw: RawValue;
  readonly origin: string;
}

/** The text each layer gives; an empty text is a value, not an absence. */
export interface Layers {
  readonly flags: Readonly<Partial<Record<Key, string>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: ReadonlyMap<Key, FileValue>;
  readonly filePath: string;
  readonly profile: Readonly<Partial<Record<Key, string>>>;
  readonly profileName: string;
  /** Defaults that depend on the host. */
  readonly defaults: Readonly<Partial<Record<Key, string>>>;
}

export interface Resolved {
  readonly values: Values;
  readonly effective: readonly EffectiveValue[];
  readonly problems: readonly Problem[];
}

/** The value of every key. A key with a problem has its default, so that checks can go on. */
export function resolve(layers: Layers): Resolved {
  const problems = unknownVariables(layers.environment);
  const effective = KEYS.map((key) => decide(key, layers));
  const values: Partial<Record<Key, unknown>> = {};
  for (const item of effective) {
    const { key, raw, origin } = item;
    const { format, required } = settingOf(key);
    const parsed = format.parse(raw);
    if ("bad" in parsed) {
      const shown = isSecret(key, raw) ? MASK : quoted(parsed.bad);
      const fault = `${shown} is not ${format.shape} (from ${origin || "the default"})`;
      problems.push({ key, line: `${key}: ${fault}` });
    } else if (required === true && raw === "") {
      problems.push({ key, line: `${key} is required: ${howToSet(key)}` });
    }
    values[key] = "value" in parsed ? parsed.value : defaultOf(key);
  }
  // The loop above gave every key the value its own format parsed.
  return { values: values as Values, effective, problems };
}

function decide(key: Key, layers: Layers): EffectiveValue {
  const { name } = settingOf(key).flag ?? {};
  const flag = layers.flags[key];
  if (flag !== undefined) return { key, raw: flag, origin: name ?? "a flag" };
  const variable = environmentName(key);
  const fromEnvironment = layers.environment[variable];
  if (fromEnvironment !== undefined) return { key, raw: fromEnvironment, origin: variable };
  const fromFile = layers.file.get(key);
  if (fromFile !== undefined)
    return { key, raw: fromFile.raw, origin: `${layers.filePath}:${fromFile.line}` };
  const fromProfile = layers.profile[key];
  if (fromProfile !== undefined)
    return { key, raw: fromProfile, origin: `--profile ${layers.profileName}` };
  return { key, raw: layers.defaults[key] ?? settingOf(key).default, origin: "" };
}

function defaultOf(key: Key): unknown {
  const parsed = settingOf(key).format.parse(settingOf(key).default);
  if ("bad" in parsed) throw new Error(`the default of ${key} does not parse`);
  return parsed.value;
}

/** Whether the key has another value than its default, however either is written. */
export function isChanged(key: Key, values: Values): boolean {
  return JSON.stringify(values[key]) !== JSON.stringify(defaultOf(key));
}

/** The ways to set a key, for the fix in a message. */
function howToSet(key: Key): string {
  const flag = settingOf(key).flag;
  const places = ["it in the configuration file", environmentName(key)];
  if (flag !== undefined) places.push(flag.name);
  return `set ${places.join(" or ")}`;
}

/**
 * Kubernetes gives every container variables named after each service of its namespace; a
 * service called `probectl-ebpf-agent` must not keep the agent from starting.
 */
const SERVICE_LINK =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

function unknownVariables(environment: Layers["environment"]): Problem[] {
  const known = KEYS.map(environmentName);
  return Object.keys(environment)
    .filter((name) => name.startsWith(ENVIRONMENT_PREFIX))
    .filter((name) => !known.includes(name) && !SERVICE_LINK.test(name))
    .sort()
    .map((name) => {
      const suggestion = closest(name, known);
      const fix = suggestion === undefined ? "unset it" : `did you mean ${suggestion}?`;
      return { line: `the environment has an unknown variable ${quoted(name)}: ${fix}` };
    });
}
