/**
 * The YAML file (YAML 1.2) as key -> text. Scalars are read with the failsafe schema, so that
 * `tenant_id: 007` stays the text it is and one parser per key serves file, environment and flags.
 * Bounds: 1 MiB of text, and no more nodes than that text can hold; aliases are refused.
 */

import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, Scalar } from "yaml";
import type { RawValue } from "./formats.ts";
import { type Problem, quoted } from "./problem.ts";
import { isKey, KEYS, type Key } from "./settings.ts";
import { closest } from "./suggest.ts";

export const CONFIG_FILE_BYTES_MAX = 1024 * 1024;

export interface FileValue {
  readonly raw: RawValue;
  readonly line: number;
}

export interface ConfigFile {
  /** False when the file could not be read at all, so that nothing is known of any key. */
  readonly isReadable: boolean;
  readonly values: ReadonlyMap<Key, FileValue>;
  readonly problems: readonly Problem[];
}

/** Reads the text of a configuration file. Never throws; `file` names it in problems. */
export function parseConfigFile(text: string, file: string): ConfigFile {
  const lines = new LineCounter();
  // Pretty errors would quote the lines around a fault, and a password may be on one of them.
  const document = parseDocument(text, {
    schema: "failsafe",
    prettyErrors: false,
    lineCounter: lines,
  });
  // One slip makes many errors further down; the first few tell where it is.
  const faults = [...document.errors, ...document.warnings].slice(0, 5);
  if (faults.length > 0) {
    const problems = faults.map(({ code, pos }) => ({
      line: `${file}:${lines.linePos(pos[0]).line} is not valid YAML (${code}): correct that line`,
    }));
    return { isReadable: false, values: new Map(), problems };
  }
  const reader = new FileReader(file, lines);
  if (isMap(document.contents)) reader.readSection(document.contents.items, "");
  else if (!isNothing(document.contents))
    reader.refuse(1, "holds no keys: write `key: value` lines");
  return reader;
}

class FileReader implements ConfigFile {
  readonly isReadable = true;
  readonly values = new Map<Key, FileValue>();
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  /** Takes in the pairs of a map; `prefix` is the key of the section with its dot, or "". */
  readSection(pairs: readonly Pair[], prefix: string): void {
    for (const { key: node, value } of pairs) {
      const offset = isScalar(node) ? (node.range?.[0] ?? 0) : 0;
      const line = this.#lines.linePos(offset).line;
      const word = isScalar(node) ? String(node.value) : "";
      const key = prefix + word;
      if (isKey(key) && !word.includes(".")) this.#readValue(key, value, line);
      else if (KEYS.some((known) => known.startsWith(`${key}.`))) this.#enter(key, value, line);
      else this.refuse(line, `holds an unknown key ${quoted(key)}: ${advice(key)}`);
    }
  }

  refuse(line: number, fault: string, key?: Key): void {
    const text = `${this.#file}:${line} ${fault}`;
    this.problems.push(key === undefined ? { line: text } : { key, line: text });
  }

  #enter(section: string, value: unknown, line: number): void {
    if (isMap(value)) this.readSection(value.items, `${section}.`);
    else if (!isNothing(value)) {
      const first = KEYS.find((key) => key.startsWith(`${section}.`));
      this.refuse(
        line,
        `gives ${section} one value, but it is a section: set keys such as ${first}`,
      );
    }
  }

  #readValue(key: Key, value: unknown, line: number): void {
    if (isNothing(value)) this.values.set(key, { raw: "", line });
    else if (isScalar(value)) this.values.set(key, { raw: String(value.value), line });
    else if (isSeq(value) && value.items.every((item) => isScalar(item)))
      this.values.set(key, { raw: value.items.map((item) => String(item.value)), line });
    else this.refuse(line, `gives ${key} neither a value nor a list of values: write one`, key);
  }
}

/** Nothing after the colon, or one of YAML's words for it. */
function isNothing(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  return (
    isScalar(node) &&
    node.type === Scalar.PLAIN &&
    /^(?:~|null|Null|NULL|)$/.test(String(node.value))
  );
}

function advice(key: string): string {
  if (isKey(key)) return `write it nested, one level for each dot`;
  const suggestion = closest(key, KEYS);
  return suggestion === undefined
    ? "remove it, or see docs/configuration.md for the keys"
    : `did you mean ${suggestion}?`;
}
