/**
 * How the text of a configuration value becomes a value. Every layer (flag, environment, file,
 * default) hands over text, so one parser per format serves them all.
 *
 * Durations follow the grammar of Go's `time.ParseDuration` without a sign; bounds are the
 * caller's and part of `shape`.
 */

import { isIP } from "node:net";

/** The text of a value; a YAML sequence arrives as its items. */
export type RawValue = string | readonly string[];

/** Either the value, or the part of the text that does not have the shape. */
export type Parsed<T> = { readonly value: T } | { readonly bad: RawValue };

export interface Format<T> {
  /** What a good value looks like; completes the sentence "... is not". */
  readonly shape: string;
  parse(raw: RawValue): Parsed<T>;
}

/** An address to listen on; `host` "" means every interface, `port` 0 a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A format of one text; `read` returns undefined when the text does not have the shape. */
function scalar<T>(shape: string, read: (text: string) => T | undefined): Format<T> {
  const parse = (raw: RawValue): Parsed<T> => {
    const value = typeof raw === "string" ? read(raw) : undefined;
    return value === undefined ? { bad: raw } : { value };
  };
  return { shape, parse };
}

export const boolean: Format<boolean> = scalar("true or false", (text) => {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
});

/** One of the words; "" among them means not set. */
export function choice<const T extends string>(...words: readonly T[]): Format<T> {
  const visible = words.filter((word) => word !== "");
  return scalar(`one of ${visible.join(", ")}`, (text) => words.find((word) => word === text));
}

export function integer(min: number, max: number): Format<number> {
  return scalar(`a whole number from ${min} to ${max}`, (text) => wholeNumber(text, min, max));
}

/** As `integer`, where 0 switches the bound off. */
export function integerOrUnbounded(max: number): Format<number> {
  return scalar(`a whole number up to ${max}, or 0 for no bound`, (text) =>
    wholeNumber(text, 0, max),
  );
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

const BYTE_UNITS = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Bytes, plain or with a binary unit; decimal units are refused because readers differ on them. */
export function byteSize(min: number, max: number): Format<number> {
  const shape = `a size such as 16777216 or 16MiB, from ${min} to ${max} bytes`;
  return scalar(shape, (text) => {
    const match = /^(\d{1,16})(KiB|MiB|GiB|)$/.exec(text);
    if (match === null) return undefined;
    const bytes = Number(match[1]) * BYTE_UNITS[match[2] as keyof typeof BYTE_UNITS];
    return bytes >= min && bytes <= max ? bytes : undefined;
  });
}

/** As `byteSize` from 1, rounded up to a power of two of at least one 4 KiB page. */
export function ringSize(max: number): Format<number> {
  const size = byteSize(1, max);
  const parse = (raw: RawValue): Parsed<number> => {
    const parsed = size.parse(raw);
    return "value" in parsed ? { value: Math.max(4096, nextPowerOfTwo(parsed.value)) } : parsed;
  };
  return { shape: size.shape, parse };
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

const NANOSECONDS = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
// A Node timer above 2^31-1 ms fires at once, so a day is the most that is meant literally.
const DURATION_MAX_MS = 24 * 3600 * 1000;

/** A Go-style duration in whole milliseconds, rounded up; `zero` says what 0 means, if allowed. */
export function duration(zero?: string): Format<number> {
  const bound = zero === undefined ? "above 0" : `0 for ${zero}`;
  return scalar(`a duration such as 10s, 1m30s or 500ms, at most 24h, ${bound}`, (text) => {
    const ms = text === "0" ? 0 : durationMs(text);
    return ms === undefined || ms > DURATION_MAX_MS || (ms === 0 && zero === undefined)
      ? undefined
      : ms;
  });
}

function durationMs(text: string): number | undefined {
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let ns = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    ns += Number(count) * NANOSECONDS[unit as keyof typeof NANOSECONDS];
  }
  return Math.ceil(ns / 1e6);
}

/** Text without control, format or unassigned characters, and without spaces around it. */
function isPrintable(text: string): boolean {
  return /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text) && text.trim() === text;
}

/** One printable name; "" passes and means not set. */
export function name(max: number, forbidden = ""): Format<string> {
  const without = forbidden === "" ? "" : ` without ${forbidden}`;
  return scalar(`a printable name of 1 to ${max} characters${without}`, (text) => {
    const banned = [...forbidden].some((character) => text.includes(character));
    return text === "" || (isPrintable(text) && text.length <= max && !banned) ? text : undefined;
  });
}

export function matching(pattern: RegExp, shape: string): Format<string> {
  return scalar(shape, (text) => (text === "" || pattern.test(text) ? text : undefined));
}

/** Any text, where its reader has more to say than a shape; "" means not set. */
export function text(shape: string): Format<string> {
  return scalar(shape, (value) => value);
}

/** A path of a file or directory; "" means not set. */
export const path: Format<string> = scalar("a path", (text) =>
  text.includes("\0") ? undefined : text,
);

export const absolutePath: Format<string> = scalar("an absolute path", (text) =>
  text.startsWith("/") && !text.includes("\0") ? text : undefined,
);

/** An absolute path, or a word that stands for the agent's own choice. */
export function absolutePathOr(word: string): Format<string> {
  return scalar(`an absolute path, or ${word}`, (text) =>
    text === word || (text.startsWith("/") && !text.includes("\0")) ? text : undefined,
  );
}

export const httpUrl: Format<string> = scalar("an http or https URL", (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return text === "" || url?.protocol === "https:" || url?.protocol === "http:" ? text : undefined;
});

/** Where to listen: `host:port`, `[ipv6]:port` or `:port`; null when off. */
export const listenAddress: Format<ListenAddress | null> = scalar(
  "an address such as 127.0.0.1:9469 or [::1]:9469, or off",
  (text) => (text === "" || text === "off" ? null : hostAndPort(text, true)),
);

/** As `listenAddress`, on loopback only; `localhost` becomes 127.0.0.1, whatever resolvers say. */
export const loopbackAddress: Format<ListenAddress | null> = scalar(
  "a loopback address such as 127.0.0.1:8612 or [::1]:8612, or off",
  (text) => {
    if (text === "" || text === "off") return null;
    const address = hostAndPort(text, false);
    if (address === undefined) return undefined;
    const host = address.host === "localhost" ? "127.0.0.1" : address.host;
    const loopback = host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
    return loopback ? { host, port: address.port } : undefined;
  },
);

/** The address as text; IPv6 in brackets. */
export function listenAddressText({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `host:port` of a Kafka server, kept as text; kafkajs takes no IPv6 literal. */
export const serverAddress: Format<string> = scalar(
  "a host name or IPv4 address with port, such as kafka.example:9093",
  (text) => {
    const address = hostAndPort(text, false);
    return address === undefined || address.port === 0 || text.startsWith("[") ? undefined : text;
  },
);

function hostAndPort(text: string, anyHost: boolean): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) return undefined;
  const [, ipv6, host = ""] = match;
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? { host: ipv6, port } : undefined;
  if (host === "") return anyHost ? { host, port } : undefined;
  // Digits and dots alone are meant as an IPv4 address: 127.1 or 300.0.0.1 is a mistake.
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4 ? { host, port } : undefined;
  return /^[A-Za-z0-9_.-]{1,253}$/.test(host) ? { host, port } : undefined;
}

/** A YAML sequence, or one text separated by commas; every item has the item format. */
export function listOf<T>(item: Format<T>): Format<readonly T[]> {
  const parse = (raw: RawValue): Parsed<readonly T[]> => {
    const values: T[] = [];
    for (const text of listItems(raw)) {
      const parsed = item.parse(text);
      if ("bad" in parsed || text === "") return { bad: text };
      values.push(parsed.value);
    }
    return { value: values };
  };
  return { shape: `${item.shape}, several separated by commas`, parse };
}

/** The items of a list value; "" is the empty list. */
function listItems(raw: RawValue): readonly string[] {
  if (typeof raw !== "string") return raw;
  return raw.trim() === "" ? [] : raw.split(",").map((text) => text.trim());
}
