/** Which flows the table shows: the text filter and the selection made on the service map. */

import { formatSocket } from "./format.js";

/** @typedef {import("../model/live-view.ts").LiveFlow} LiveFlow */
/** @typedef {import("../model/live-view.ts").LiveEdge} LiveEdge */

/**
 * What is picked on the map: an endpoint, or the link between two.
 * @typedef {{kind: "node", name: string} | {kind: "link", source: string, target: string}} Selection
 */

/** @typedef {{source: string, target: string}} Ends */

/**
 * A flow names the workload of its own end alone. The other end, when it is on this host too, is
 * named by its own flow: of the same connection, else of the same listening socket.
 * @param {readonly LiveFlow[]} flows most recent first
 * @returns {Map<number, Ends>} endpoint names, as edges spell them, by sequence
 */
export function nameEnds(flows) {
  /** @type {Map<string, string>} */
  const clients = new Map();
  /** @type {Map<string, string>} */
  const servers = new Map();
  /** @type {Map<string, string>} */
  const listeners = new Map();
  // Oldest first, so that the latest observation of a reused port wins.
  for (const flow of flows.toReversed()) {
    if (flow.workload === "") continue;
    if (isServerSide(flow)) {
      servers.set(connectionKey(flow), flow.workload);
      listeners.set(listenerKey(flow), flow.workload);
    } else {
      clients.set(connectionKey(flow), flow.workload);
    }
  }
  /** @type {Map<number, Ends>} */
  const ends = new Map();
  for (const flow of flows) {
    const key = connectionKey(flow);
    const source = clients.get(key) ?? flow.sourceAddress;
    const target = servers.get(key) ?? listeners.get(listenerKey(flow)) ?? flow.destinationAddress;
    ends.set(flow.sequence, { source, target });
  }
  return ends;
}

/** @param {LiveFlow} flow */
function isServerSide(flow) {
  return flow.role === "" ? flow.direction === "ingress" : flow.role === "server";
}

/** @param {LiveFlow} flow */
function connectionKey(flow) {
  return `${formatSocket(flow.sourceAddress, flow.sourcePort)} ${listenerKey(flow)}`;
}

/** @param {LiveFlow} flow */
function listenerKey(flow) {
  return `${flow.transport} ${formatSocket(flow.destinationAddress, flow.destinationPort)}`;
}

/**
 * @param {Ends} ends
 * @param {Selection | undefined} selection undefined selects everything
 */
export function isSelected(ends, selection) {
  if (selection === undefined) return true;
  if (selection.kind === "node") {
    return ends.source === selection.name || ends.target === selection.name;
  }
  return ends.source === selection.source && ends.target === selection.target;
}

/**
 * Every word of the filter occurs somewhere in what the row shows, whatever its case.
 * @param {string} text what the row shows, in lower case
 * @param {string} filter
 */
export function matchesFilter(text, filter) {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
