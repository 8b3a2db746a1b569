/** What the service map says about an endpoint or a link, as text. Pure. */

import { formatBytes, formatClock, formatCount, formatPort, printable } from "./format.js";

/** @typedef {import("../model/live-view.ts").LiveEdge} LiveEdge */
/** @typedef {import("./graph.js").GraphNode} GraphNode */
/** @typedef {import("./graph.js").GraphLink} GraphLink */
/** @typedef {import("./tip.js").TipContent} TipContent */

const PORTS_SHOWN = 3;
const LINES_MAX = 10;

/**
 * The second line of a node: what it serves, or what it does when it serves nothing.
 * @param {GraphNode} node
 */
export function nodeSubtitle({ inbound, outbound }) {
  const ports = [...new Set(inbound.map(formatPort))];
  if (ports.length === 0) return plural(sum(outbound, "connections"), "connection");
  const more = ports.length > PORTS_SHOWN ? ` +${ports.length - PORTS_SHOWN}` : "";
  const word = ports.length === 1 ? "port" : "ports";
  return `${word} ${ports.slice(0, PORTS_SHOWN).join(", ")}${more}`;
}

/** @param {GraphNode} node @returns {TipContent} */
export function nodeTip({ name, remote, inbound, outbound }) {
  const lines = [remote ? "address" : "process of this host"];
  if (inbound.length > 0) {
    lines.push(`serves ${facts(inbound)}`, ...list(inbound, (edge) => `port ${formatPort(edge)}`));
  }
  if (outbound.length > 0) {
    const target = (/** @type {LiveEdge} */ edge) =>
      `→ ${printable(edge.destination)} port ${formatPort(edge)}`;
    lines.push(`calls ${facts(outbound)}`, ...list(outbound, target));
  }
  return { title: printable(name), lines };
}

/** @param {GraphLink} link @returns {TipContent} */
export function linkTip({ source, target, edges, lastSeenUnixMs }) {
  const lines = list(edges, (edge) => `port ${edge.destinationPort} ${edge.transport}`);
  lines.push(`last seen ${formatClock(lastSeenUnixMs)}`);
  return { title: `${printable(source)} → ${printable(target)}`, lines };
}

/**
 * @param {readonly LiveEdge[]} edges
 * @param {(edge: LiveEdge) => string} label
 */
function list(edges, label) {
  const lines = edges.slice(0, LINES_MAX).map((edge) => `${label(edge)}: ${facts([edge])}`);
  if (edges.length > LINES_MAX) lines.push(`and ${edges.length - LINES_MAX} more`);
  return lines;
}

/** @param {readonly LiveEdge[]} edges */
function facts(edges) {
  const failed = sum(edges, "failedConnections");
  const parts = [
    plural(sum(edges, "connections"), "connection"),
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    formatBytes(sum(edges, "bytes")),
  ];
  return parts.join(", ");
}

/**
 * @param {readonly LiveEdge[]} edges
 * @param {"connections" | "failedConnections" | "bytes"} field
 */
function sum(edges, field) {
  return edges.reduce((total, edge) => total + edge[field], 0);
}

/** @param {number} count @param {string} noun */
function plural(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
