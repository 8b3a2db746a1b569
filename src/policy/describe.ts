/** The configuration in words: for `config check`, and for docs/configuration.md. */

import type { RawValue } from "./formats.ts";
import { isSecret, MASK } from "./problem.ts";
import type { EffectiveValue } from "./resolve.ts";
import { environmentName, KEYS, type Key, settingOf } from "./settings.ts";

/**
 * The effective configuration as YAML that the agent would accept as its file, apart from the
 * masked secrets. A comment tells the origin of every value that is not the default.
 */
export function maskedConfig(effective: readonly EffectiveValue[]): string {
  const lines: string[] = [];
  let sections: readonly string[] = [];
  for (const { key, raw, origin } of effective) {
    const path = key.split(".");
    const name = path.pop() ?? key;
    path.forEach((section, depth) => {
      if (sections[depth] !== section) lines.push(`${"  ".repeat(depth)}${section}:`);
    });
    sections = path;
    const value = isSecret(key, raw) ? MASK : raw;
    const comment = origin === "" ? "" : `  # ${origin}`;
    lines.push(`${"  ".repeat(path.length)}${name}: ${yamlText(value)}${comment}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Bare where no reader can take it for anything but text; else a JSON string, which is YAML too. */
function yamlText(raw: RawValue): string {
  if (typeof raw !== "string") return `[${raw.map(yamlText).join(", ")}]`;
  return /^(?!null$)[\w/][\w./-]*$/i.test(raw) ? raw : JSON.stringify(raw);
}

const INTRODUCTION = `<!-- Generated from src/policy/settings.ts: run \`npx vitest run src/policy -u\` after a change there. -->

# Configuration

The agent reads one YAML file: the one \`--config FILE\` names, else
\`/etc/probectl/ebpf-agent.yaml\` when it exists. Every key has an environment variable, some have
a flag. A flag wins over the environment, the environment over the file, the file over the default.

- A value that does not parse, an unknown key or an unknown \`PROBECTL_EBPF_*\` variable is refused:
  exit code 2 and one line for each problem. An empty value is a value, not an absence.
- \`probectl-ebpf-agent config check\` prints the effective configuration, secrets masked, with the
  origin of every value that is not the default.
- Durations are written as in Go (\`10s\`, \`1m30s\`, \`500ms\`), sizes in bytes or with \`KiB\`, \`MiB\`,
  \`GiB\`, booleans as \`true\` or \`false\`. Lists are YAML sequences, or separated by commas.
- \`--profile local\`, which \`npm start\` uses, changes defaults: \`tenant_id: local\`,
  \`ui_addr: 127.0.0.1:8612\`, \`log_format: text\` and \`fixture_fallback: true\`. It does not read
  the default file.

## Keys

Keys marked † are known, but their feature is not part of this version: setting them is answered
with a warning, or refused where going on would mislead.
`;

const CONSENT = `
## The three keys of live L7 capture

\`l7_capture_enabled\`, \`l7_capture_consent_tenant\` and \`l7_capture_scope\` are set together and
consistently, or not at all; each fault is refused with its own line. The consent names the agent's
own tenant. A scope entry is \`pid:<n>\`, \`exe:/abs/path\` or \`cgroup:/abs/dir\`; the directory exists
and is not the root of a hierarchy. This version has no live L7 capture yet: a complete set is
refused too, so that nobody believes it is on.
`;

/** The text of docs/configuration.md. */
export function configurationDocs(): string {
  const head =
    "| Key | Environment variable | Flag | Default | Meaning | Value |\n|---|---|---|---|---|---|";
  return `${INTRODUCTION}\n${head}\n${KEYS.map(tableRow).join("\n")}\n${CONSENT}`;
}

function tableRow(key: Key): string {
  const row = settingOf(key);
  const mark = row.missing === undefined ? "" : " †";
  const flag = row.flag === undefined ? "" : `\`${row.flag.name} ${row.flag.argument}\``;
  const fallback = row.default === "" ? "-" : `\`${row.default}\``;
  const shownDefault =
    row.required && !row.defaultShown ? "required" : (row.defaultShown ?? fallback);
  const cells = [
    `\`${key}\`${mark}`,
    `\`${environmentName(key)}\``,
    flag,
    shownDefault,
    row.meaning,
    row.format.shape,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
