/**
 * Where nodes and links of the service map are drawn: the arranged layers as columns, links as
 * curves between them. Pure: the same graph, width and previous order give the same picture.
 */

import { arrange, nodeKey } from "./layers.js";

/** @typedef {import("./graph.js").Graph} Graph */
/** @typedef {import("./layers.js").Slot} Slot */
/** @typedef {import("./layers.js").Route} Route */
/** @typedef {{x: number, y: number}} Point top left corner of a node, or a point of a path */

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Map<string, Point>} nodes by name
 * @property {Map<string, string>} paths SVG path data by link key
 * @property {string[][]} order slot keys per layer; hand it to the next call
 */

export const NODE_WIDTH = 190;
export const NODE_HEIGHT = 38;
/** Room for the arrow head between the end of a line and the node. */
const ARROW_LENGTH = 10;
const SLOT_GAP = 9;
const PASSAGE_HEIGHT = 12;
const LAYER_GAP_MIN = 72;
const LAYER_GAP_MAX = 280;
const MARGIN = 16;
const SETTLE_SWEEPS = 8;
/** Right of the last layer, for connections of an endpoint with itself. */
const LOOP_WIDTH = 30;

/**
 * @param {Graph} graph
 * @param {number} widthAvailable px; layers spread to fill it, within bounds
 * @param {readonly (readonly string[])[]} [previousOrder]
 * @returns {Layout}
 */
export function layOut(graph, widthAvailable, previousOrder = []) {
  const links = graph.links.filter((link) => link.source !== link.target);
  const { layers, routes } = arrange([...graph.nodes.keys()], links, previousOrder);
  const { points, width, height } = placeSlots(layers, graph.nodes, widthAvailable);
  /** @type {Layout["paths"]} */
  const paths = new Map();
  for (const route of routes) paths.set(route.link.key, routePath(route, points));
  for (const { key, source, target } of graph.links) {
    if (source === target) paths.set(key, loopPath(pointOf(points, nodeKey(source))));
  }
  /** @type {Layout["nodes"]} */
  const nodes = new Map();
  for (const name of graph.nodes.keys()) nodes.set(name, pointOf(points, nodeKey(name)));
  return { width, height, nodes, paths, order: layers.map((slots) => slots.map((s) => s.key)) };
}

/**
 * @param {readonly Slot[][]} layers
 * @param {Graph["nodes"]} nodes
 * @param {number} widthAvailable
 */
function placeSlots(layers, nodes, widthAvailable) {
  const nodeKeys = new Set([...nodes.keys()].map(nodeKey));
  /** @param {Slot} slot */
  const heightOf = (slot) => (nodeKeys.has(slot.key) ? NODE_HEIGHT : PASSAGE_HEIGHT);
  const { middles, height } = settleLayers(layers, heightOf);
  const gaps = Math.max(0, layers.length - 1);
  const columns = layers.length * NODE_WIDTH;
  const free = widthAvailable - columns - 2 * MARGIN - LOOP_WIDTH;
  const gap = Math.min(LAYER_GAP_MAX, Math.max(LAYER_GAP_MIN, free / Math.max(1, gaps)));
  const contentWidth = columns + gaps * gap + 2 * MARGIN + LOOP_WIDTH;
  const width = Math.max(contentWidth, widthAvailable);
  const left = MARGIN + (width - contentWidth) / 2;
  /** @type {Map<string, Point>} */
  const points = new Map();
  for (const slot of layers.flat()) {
    const y = (middles.get(slot) ?? 0) - heightOf(slot) / 2;
    points.set(slot.key, { x: left + slot.layer * (NODE_WIDTH + gap), y });
  }
  return { points, width, height };
}

/**
 * Moves slots towards the height of their neighbours without changing their order.
 * @param {readonly Slot[][]} layers
 * @param {(slot: Slot) => number} heightOf
 * @returns {{middles: Map<Slot, number>, height: number}}
 */
function settleLayers(layers, heightOf) {
  /** Distance of each slot's middle from the first of its layer, packed. @type {number[][]} */
  const offsets = layers.map((slots) => {
    let offset = 0;
    return slots.map((slot, index) => {
      const before = slots[index - 1];
      if (before !== undefined) offset += (heightOf(before) + heightOf(slot)) / 2 + SLOT_GAP;
      return offset;
    });
  });
  /** @type {Map<Slot, number>} */
  const middles = new Map();
  /** @param {readonly Slot[]} slots @param {readonly number[]} values */
  const record = (slots, values) =>
    slots.forEach((slot, index) => {
      middles.set(slot, values[index] ?? 0);
    });
  layers.forEach((slots, layer) => {
    record(slots, offsets[layer] ?? []);
  });
  for (let sweep = 0; sweep < SETTLE_SWEEPS; sweep++) {
    const order = [...layers.keys()];
    for (const layer of sweep % 2 === 0 ? order : order.reverse()) {
      const slots = layers[layer] ?? [];
      const wanted = slots.map(({ neighbours }, index) => {
        const sum = neighbours.reduce((total, other) => total + (middles.get(other) ?? 0), 0);
        return neighbours.length === 0 ? (offsets[layer]?.[index] ?? 0) : sum / neighbours.length;
      });
      record(slots, settle(wanted, offsets[layer] ?? []));
    }
  }
  const tops = [...middles].map(([slot, middle]) => middle - heightOf(slot) / 2);
  const bottoms = [...middles].map(([slot, middle]) => middle + heightOf(slot) / 2);
  if (middles.size === 0) return { middles, height: 0 };
  const top = Math.min(...tops);
  for (const [slot, middle] of middles) middles.set(slot, middle - top + MARGIN);
  return { middles, height: Math.max(...bottoms) - top + 2 * MARGIN };
}

/**
 * The places nearest to the wanted ones (least squares) that keep order and distance: isotonic
 * regression by pooling adjacent violators.
 * @param {readonly number[]} wanted
 * @param {readonly number[]} offsets packed places
 */
function settle(wanted, offsets) {
  /** @type {{sum: number, count: number}[]} */
  const blocks = [];
  wanted.forEach((value, index) => {
    const block = { sum: value - (offsets[index] ?? 0), count: 1 };
    let before = blocks.at(-1);
    while (before !== undefined && before.sum / before.count > block.sum / block.count) {
      block.sum += before.sum;
      block.count += before.count;
      blocks.pop();
      before = blocks.at(-1);
    }
    blocks.push(block);
  });
  const shifts = blocks.flatMap(({ sum, count }) => new Array(count).fill(sum / count));
  return shifts.map((shift, index) => shift + (offsets[index] ?? 0));
}

/** @param {ReadonlyMap<string, Point>} points @param {string} key */
function pointOf(points, key) {
  const point = points.get(key);
  if (point === undefined) throw new Error(`layout: ${key} has no place`);
  return point;
}

/**
 * A back link is drawn from its target's right side to its source's left, lower than the others.
 * @param {Route} route
 * @param {ReadonlyMap<string, Point>} points
 */
function routePath({ back, through }, points) {
  const last = through.length - 1;
  const shift = back ? 9 : 0;
  const corners = through.flatMap((slot, index) => {
    const { x, y } = pointOf(points, slot.key);
    const isEnd = index === 0 || index === last;
    const middle = y + (isEnd ? NODE_HEIGHT / 2 + shift : PASSAGE_HEIGHT / 2);
    const sides = [
      { x, y: middle },
      { x: x + NODE_WIDTH, y: middle },
    ];
    if (index === 0) return sides.slice(1);
    return index === last ? sides.slice(0, 1) : sides;
  });
  if (back) corners.reverse();
  const end = corners.at(-1);
  if (end !== undefined) end.x += back ? ARROW_LENGTH : -ARROW_LENGTH;
  return curve(corners);
}

/** @param {readonly Point[]} corners */
function curve(corners) {
  return corners
    .map(({ x, y }, index) => {
      const from = corners[index - 1];
      if (from === undefined) return `M${round(x)} ${round(y)}`;
      const middle = round((from.x + x) / 2);
      return `C${middle} ${round(from.y)} ${middle} ${round(y)} ${round(x)} ${round(y)}`;
    })
    .join(" ");
}

/** @param {Point} node */
function loopPath({ x, y }) {
  const right = round(x + NODE_WIDTH);
  const bend = right + LOOP_WIDTH;
  const [start, end] = [round(y + 9), round(y + NODE_HEIGHT - 9)];
  return `M${right} ${start} C${bend} ${start - 8} ${bend} ${end} ${right + ARROW_LENGTH} ${end}`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
