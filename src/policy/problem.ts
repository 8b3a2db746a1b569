/** What is wrong with a configuration, collected so that one run names everything. */

import type { RawValue } from "./formats.ts";
import { type Key, settingOf } from "./settings.ts";

export interface Problem {
  /** The key at fault; absent when the fault is in the file as a whole. */
  readonly key?: Key;
  /** One line: the key, what is wrong, how to put it right. */
  readonly line: string;
}

/** A problem whose line begins with its key. */
export function keyProblem(key: Key, fault: string): Problem {
  return { key, line: `${key}: ${fault}` };
}

export const MASK = "********";
const QUOTED_MAX = 80;

/**
 * Whether MASK is to be printed for the value of a key, and for any part of it. The whole value
 * decides: a comma in a password makes two items of it, of which the first has no @.
 */
export function isSecret(key: Key, raw: RawValue): boolean {
  const { secret, address } = settingOf(key);
  return (secret === true && raw !== "") || (address === true && String(raw).includes("@"));
}

/** Foreign text in quotes, on one line, without terminal control codes, at most 80 characters. */
export function quoted(raw: RawValue): string {
  const escaped = JSON.stringify(raw).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return escaped.length <= QUOTED_MAX ? escaped : `${escaped.slice(0, QUOTED_MAX)}...`;
}
