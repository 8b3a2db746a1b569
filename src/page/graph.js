/** From the agent's edges to the part of the service graph that is drawn. Pure. */

import { isAddress } from "./format.js";

/** @typedef {import("../model/live-view.ts").LiveEdge} LiveEdge */

/** Beyond this a map is a hairball: the busiest are shown, the others counted. */
export const NODES_MAX = 60;

/** Bytes that weigh as much as one connection when the busiest are chosen. */
const BYTES_PER_CONNECTION = 65_536;
/** A newcomer must be this much busier than what is shown already: the choice must not flicker. */
const SHOWN_BONUS = 1.5;

/**
 * @typedef {object} GraphNode
 * @property {string} name
 * @property {boolean} remote an address: no process of this host
 * @property {LiveEdge[]} inbound edges of this server
 * @property {LiveEdge[]} outbound edges of this client
 */

/**
 * All edges from one endpoint to another, whatever their ports.
 * @typedef {object} GraphLink
 * @property {string} key unique for any endpoint names
 * @property {string} source
 * @property {string} target
 * @property {number} connections
 * @property {number} failed
 * @property {number} bytes
 * @property {number} lastSeenUnixMs
 * @property {LiveEdge[]} edges
 */

/**
 * @typedef {object} Graph
 * @property {Map<string, GraphNode>} nodes by name, in the order of their names
 * @property {GraphLink[]} links in the order of their keys
 * @property {number} nodesTotal with those that are not shown
 */

/**
 * @param {readonly LiveEdge[]} edges
 * @param {ReadonlySet<string>} [shown] names of the nodes of the previous graph
 * @param {number} [nodesMax]
 * @returns {Graph}
 */
export function buildGraph(edges, shown = new Set(), nodesMax = NODES_MAX) {
  const links = mergeEdges(edges);
  const names = new Set(links.flatMap((link) => [link.source, link.target]));
  const kept = busiestNames(links, shown, nodesMax);
  const visible = links
    .filter((link) => kept.has(link.source) && kept.has(link.target))
    .sort((a, b) => compareText(a.key, b.key));
  /** @type {Graph["nodes"]} */
  const nodes = new Map();
  for (const name of [...kept].sort(compareText)) {
    nodes.set(name, { name, remote: isAddress(name), inbound: [], outbound: [] });
  }
  for (const edge of visible.flatMap((link) => link.edges)) {
    nodes.get(edge.source)?.outbound.push(edge);
    nodes.get(edge.destination)?.inbound.push(edge);
  }
  return { nodes, links: visible, nodesTotal: names.size };
}

/** @param {readonly LiveEdge[]} edges */
function mergeEdges(edges) {
  /** @type {Map<string, GraphLink>} */
  const links = new Map();
  for (const edge of edges) {
    const { source, destination: target } = edge;
    const key = JSON.stringify([source, target]);
    let link = links.get(key);
    if (link === undefined) {
      const none = { connections: 0, failed: 0, bytes: 0, lastSeenUnixMs: 0 };
      link = { key, source, target, ...none, edges: [] };
      links.set(key, link);
    }
    link.connections += edge.connections;
    link.failed += edge.failedConnections;
    link.bytes += edge.bytes;
    link.lastSeenUnixMs = Math.max(link.lastSeenUnixMs, edge.lastSeenUnixMs);
    link.edges.push(edge);
  }
  for (const link of links.values()) link.edges.sort(compareEdges);
  return [...links.values()];
}

/**
 * Takes whole links, the busiest first, so that every node shown has somebody to talk to.
 * @param {readonly GraphLink[]} links
 * @param {ReadonlySet<string>} shown
 * @param {number} nodesMax
 */
function busiestNames(links, shown, nodesMax) {
  /** @param {GraphLink} link */
  const score = (link) => {
    const activity = link.connections + link.failed + link.bytes / BYTES_PER_CONNECTION;
    return shown.has(link.source) && shown.has(link.target) ? activity * SHOWN_BONUS : activity;
  };
  const ranked = links
    .map((link) => ({ link, score: score(link) }))
    .sort((a, b) => b.score - a.score || compareText(a.link.key, b.link.key));
  /** @type {Set<string>} */
  const names = new Set();
  for (const { link } of ranked) {
    const fresh = new Set([link.source, link.target].filter((name) => !names.has(name)));
    if (names.size + fresh.size > nodesMax) continue;
    for (const name of fresh) names.add(name);
  }
  return names;
}

/** @param {LiveEdge} a @param {LiveEdge} b */
function compareEdges(a, b) {
  return a.destinationPort - b.destinationPort || compareText(a.transport, b.transport);
}

/**
 * By code unit: the same on every machine, unlike localeCompare.
 * @param {string} a
 * @param {string} b
 */
export function compareText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
