/** The flow table: one row per flow, kept in place between updates. Bounded by the view. */

import { isSelected, matchesFilter, nameEnds } from "./flows.js";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatSocket,
  printable,
} from "./format.js";

/** @typedef {import("../model/live-view.ts").LiveFlow} LiveFlow */
/** @typedef {import("./flows.js").Selection} Selection */

/** @typedef {{text: string, className?: string, title?: string}} Cell */
/** @typedef {{row: HTMLTableRowElement, text: string}} Entry `text` is what the filter searches */

const UNKNOWN = "–";
const CONTAINER_ID_SHOWN = 12;

/**
 * @param {HTMLTableSectionElement} body
 */
export function createFlowTable(body) {
  /** @type {Map<number, Entry>} by sequence */
  const entries = new Map();

  return {
    /**
     * @param {readonly LiveFlow[]} flows most recent first
     * @param {Selection | undefined} selection
     * @param {string} filter
     * @returns {number} rows shown
     */
    update(flows, selection, filter) {
      const sequences = new Set(flows.map((flow) => flow.sequence));
      for (const sequence of entries.keys()) {
        if (!sequences.has(sequence)) entries.delete(sequence);
      }
      const ends = nameEnds(flows);
      const rows = flows.flatMap((flow) => {
        const end = ends.get(flow.sequence);
        if (end === undefined || !isSelected(end, selection)) return [];
        let entry = entries.get(flow.sequence);
        if (entry === undefined) {
          entry = createEntry(flow);
          entries.set(flow.sequence, entry);
        }
        return matchesFilter(entry.text, filter) ? [entry.row] : [];
      });
      showRows(body, rows);
      return rows.length;
    },
  };
}

/** @param {LiveFlow} flow @returns {Entry} */
function createEntry(flow) {
  const row = document.createElement("tr");
  const cells = cellsOf(flow);
  for (const { text, className, title } of cells) {
    const cell = row.insertCell();
    cell.textContent = text;
    if (className !== undefined) cell.className = className;
    if (title !== undefined) cell.title = title;
  }
  // The whole identifier can be searched where only its beginning is shown.
  const text = [...cells.map((cell) => cell.text), flow.containerId, flow.workload].join(" ");
  return { row, text: text.toLowerCase() };
}

/** @param {LiveFlow} flow @returns {Cell[]} in the order of the columns */
function cellsOf(flow) {
  const process = `${printable(flow.processName) || "unknown"} (${flow.pid || "?"})`;
  const source = formatSocket(flow.sourceAddress, flow.sourcePort);
  const path = printable(
    `${source} → ${formatSocket(flow.destinationAddress, flow.destinationPort)}`,
  );
  const container = printable(flow.containerId);
  return [
    { text: formatClock(flow.observedUnixMs), className: "time" },
    { text: process, className: "process", title: `${process}, uid ${flow.uid}` },
    { text: flow.role || flow.direction, className: `role-${flow.role || "unknown"}` },
    { text: path, className: "path", title: path },
    { text: flow.transport },
    {
      text: flow.state === "close" ? "closed" : "established",
      className: flow.state === "close" ? "closed" : "established",
    },
    { text: formatBytes(flow.bytesSent), className: "number" },
    { text: formatBytes(flow.bytesReceived), className: "number" },
    { text: flow.srttMs > 0 ? formatDuration(flow.srttMs) : UNKNOWN, className: "number" },
    {
      text: formatCount(flow.retransmits),
      className: flow.retransmits > 0 ? "number warn" : "number",
    },
    { text: flow.durationMs > 0 ? formatDuration(flow.durationMs) : UNKNOWN, className: "number" },
    container === ""
      ? { text: UNKNOWN }
      : { text: container.slice(0, CONTAINER_ID_SHOWN), className: "container", title: container },
  ];
}

/**
 * Moves only what changed: the scroll position and a text selection survive.
 * @param {HTMLTableSectionElement} body
 * @param {readonly HTMLTableRowElement[]} rows
 */
function showRows(body, rows) {
  const wanted = new Set(rows);
  for (const row of [...body.rows]) if (!wanted.has(row)) row.remove();
  let next = body.firstElementChild;
  for (const row of rows) {
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
}
