/**
 * Calls of `inspect` in columns, for people, and a summary below. The first LOOK_AHEAD calls decide
 * the widths; a cell that is wider moves the rest of its own line only.
 */

import type { CallRecord, Endpoint, ParserCounters } from "../wasm/parsers.ts";
import type { InspectFormat } from "./inspect-ndjson.ts";

const LOOK_AHEAD = 500;

type Line = readonly string[];
const HEADINGS: Line = ["TIME", "PROTOCOL", "SOURCE", "DESTINATION", "STATUS", "LATENCY", "CALL"];

/** Counters of what was lost or not understood: shown when they are not zero. */
const TROUBLE: ReadonlyMap<keyof ParserCounters, string> = new Map([
  ["calls_unanswered", "of the calls without a response"],
  ["calls_unreported", "calls not reported: too many ended at once"],
  ["responses_orphaned", "responses without a request"],
  ["packets_undecoded", "packets of other protocols"],
  ["packets_truncated", "packets cut short by the capture"],
  ["fragments_dropped", "IP fragments that were never whole"],
  ["tcp_dropped", "TCP segments dropped"],
  ["gaps", "holes in streams"],
  ["malformed", "streams that broke their grammar"],
  ["unknown", "streams of other protocols"],
  ["conns_evicted", "connections evicted: too many at once"],
  ["blocks_refused", "times that memory was short"],
  ["parser_traps", "times that the parser failed"],
]);

/** @param file named above the calls when it is given */
export function tableFormat(file?: string): InspectFormat {
  const waiting: CallRecord[] = [];
  let widths: readonly number[] | undefined;
  let calls = 0;
  let flows = 0;
  let errors = 0;

  const begin = (): string => {
    const lines = [HEADINGS, ...waiting.splice(0).map(cells)];
    const decided = HEADINGS.map((_heading, column) =>
      Math.max(...lines.map((line) => (line[column] ?? "").length)),
    );
    widths = decided;
    const title = file === undefined ? "" : `== ${file}\n`;
    return title + lines.map((line) => aligned(line, decided)).join("");
  };

  return {
    records(records) {
      const fresh = records.filter((record) => record.kind === "call");
      calls += fresh.length;
      flows += records.length - fresh.length;
      errors += fresh.filter((call) => call.error).length;
      if (widths !== undefined) {
        const known = widths;
        return fresh.map((call) => aligned(cells(call), known)).join("");
      }
      waiting.push(...fresh);
      return waiting.length < LOOK_AHEAD ? "" : begin();
    },
    summary(counters) {
      const table = widths === undefined ? begin() : "";
      const totals = [
        `${calls} calls`,
        `${errors} errors`,
        `${flows} connections`,
        `${counters.packets} packets`,
      ];
      const trouble = [...TROUBLE]
        .filter(([name]) => counters[name] > 0n)
        .map(([name, text]) => `  ${counters[name]} ${text}\n`);
      return `${table}\n${totals.join(", ")}\n${trouble.join("")}`;
    },
  };
}

function cells(call: CallRecord): Line {
  const notes = call.notes.length === 0 ? "" : `  [${call.notes.join(" ")}]`;
  return [
    timeText(call.startNs),
    call.protocol,
    endpointText(call.source),
    endpointText(call.destination),
    call.status === "" ? "-" : call.status,
    call.latencyNs === undefined ? "-" : durationText(call.latencyNs),
    `${call.method} ${call.resource}${notes}`,
  ];
}

function aligned(line: Line, widths: readonly number[]): string {
  const padded = line.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  return `${padded.join("  ").trimEnd()}\n`;
}

function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

const MICROSECOND_NS = 1_000n;
const DATE_MS_MAX = 8_640_000_000_000_000n;

/** UTC to the microsecond. */
function timeText(unixNs: bigint): string {
  const ms = unixNs / 1_000_000n;
  if (ms > DATE_MS_MAX) return `${unixNs} ns`;
  const micros = String((unixNs / MICROSECOND_NS) % 1_000n).padStart(3, "0");
  return new Date(Number(ms)).toISOString().replace("T", " ").replace("Z", micros);
}

function durationText(ns: bigint): string {
  const value = Number(ns);
  if (value < 1e6) return `${(value / 1e3).toFixed(0)} us`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} ms` : `${(value / 1e9).toFixed(2)} s`;
}
