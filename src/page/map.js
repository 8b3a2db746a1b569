/** The service map: draws a graph as SVG and keeps its elements, and so the focus, in place. */

import { linkTip, nodeSubtitle, nodeTip } from "./describe.js";
import {
  createLinkElement,
  createNodeElement,
  describeElement,
  drawLink,
  keyedChildren,
  setText,
} from "./elements.js";
import { printable, shorten } from "./format.js";
import { buildGraph } from "./graph.js";
import { layOut } from "./layout.js";
import { createTip } from "./tip.js";

/** @typedef {import("../model/live-view.ts").LiveEdge} LiveEdge */
/** @typedef {import("./flows.js").Selection} Selection */
/** @typedef {import("./graph.js").Graph} Graph */
/** @typedef {import("./graph.js").GraphLink} GraphLink */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./tip.js").TipContent} TipContent */

/**
 * @typedef {object} MapState
 * @property {readonly LiveEdge[]} edges
 * @property {number} nowUnixMs
 * @property {Selection | undefined} selection
 * @property {"bytes" | "connections"} weight what the width of a line means
 */

/**
 * @typedef {object} MapElements
 * @property {HTMLElement} scroller
 * @property {SVGSVGElement} svg
 * @property {SVGGElement} links
 * @property {SVGGElement} nodes
 * @property {HTMLElement} tip
 */

const NAME_LENGTH_MAX = 23;
/** Below this the text of a node cannot be read: the map scrolls instead. */
const SCALE_MIN = 0.85;
/** A link that was silent for longer is drawn paler: longer than the default flush interval. */
const IDLE_MS = 15_000;

/**
 * @param {MapElements} elements
 * @param {(selection: Selection) => void} onSelect
 */
export function createServiceMap(elements, onSelect) {
  /** @type {WeakMap<Element, Selection>} what an element stands for */
  const subjects = new WeakMap();
  const linkElements = keyedChildren(elements.links, createLinkElement);
  const nodeElements = keyedChildren(elements.nodes, createNodeElement);
  /** @type {Graph} */
  let graph = { nodes: new Map(), links: [], nodesTotal: 0 };
  /** @type {string[][]} */
  let order = [];

  /** @param {EventTarget | null} target */
  const subjectOf = (target) => {
    const element = target instanceof Element ? target.closest(".node, .link") : null;
    return element === null ? undefined : subjects.get(element);
  };
  const refreshTip = listenForTip(elements, (target) => tipOf(graph, subjectOf(target)));
  elements.svg.addEventListener("click", ({ target }) => {
    const subject = subjectOf(target);
    if (subject !== undefined) onSelect(subject);
  });
  elements.svg.addEventListener("keydown", (event) => {
    const subject = subjectOf(event.target);
    if (subject === undefined || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    onSelect(subject);
  });

  /**
   * @param {Layout} layout
   * @param {number} nowUnixMs
   * @param {Selection | undefined} selection
   * @param {MapState["weight"]} weight
   */
  const drawLinks = (layout, nowUnixMs, selection, weight) => {
    const weightMax = Math.max(1, ...graph.links.map((link) => link[weight]));
    linkElements.keep(graph.links.map((link) => link.key));
    for (const link of graph.links) {
      const element = linkElements.get(link.key);
      /** @type {Selection} */
      const subject = { kind: "link", source: link.source, target: link.target };
      subjects.set(element, subject);
      describeElement(element, linkTip(link), isPicked(selection, subject));
      element.classList.toggle("faded", !touches(link, selection));
      element.classList.toggle("failed", link.failed > 0);
      element.classList.toggle("idle", nowUnixMs - link.lastSeenUnixMs > IDLE_MS);
      drawLink(element, layout.paths.get(link.key) ?? "", link[weight] / weightMax);
    }
  };

  /** @param {Layout} layout @param {Selection | undefined} selection */
  const drawNodes = (layout, selection) => {
    const related = relatedNames(graph.links, selection);
    nodeElements.keep([...graph.nodes.keys()]);
    for (const [name, node] of graph.nodes) {
      const element = nodeElements.get(name);
      const place = layout.nodes.get(name) ?? { x: 0, y: 0 };
      /** @type {Selection} */
      const subject = { kind: "node", name };
      subjects.set(element, subject);
      describeElement(element, nodeTip(node), isPicked(selection, subject));
      element.classList.toggle("faded", selection !== undefined && !related.has(name));
      element.classList.toggle("remote", node.remote);
      element.setAttribute("transform", `translate(${place.x} ${place.y})`);
      const [base, suffix] = splitName(name);
      setText(element, ".base", base);
      setText(element, ".suffix", suffix);
      setText(element, ".ports", nodeSubtitle(node));
    }
  };

  return {
    /** @param {MapState} state @returns {{nodesShown: number, nodesTotal: number}} */
    update({ edges, nowUnixMs, selection, weight }) {
      graph = buildGraph(edges, new Set(graph.nodes.keys()));
      const layout = layOutToFit(graph, elements, order);
      order = layout.order;
      drawLinks(layout, nowUnixMs, selection, weight);
      drawNodes(layout, selection);
      refreshTip();
      return { nodesShown: graph.nodes.size, nodesTotal: graph.nodesTotal };
    },
  };
}

/**
 * Lays the graph out at full size, or smaller when more of it can be seen then.
 * @param {Graph} graph
 * @param {MapElements} elements
 * @param {string[][]} order
 */
function layOutToFit(graph, { scroller, svg }, order) {
  const { clientWidth, clientHeight } = scroller;
  let layout = layOut(graph, clientWidth, order);
  const fitting = Math.min(clientWidth / layout.width, clientHeight / layout.height, 1);
  const scale = Math.max(SCALE_MIN, fitting);
  if (scale < 1) layout = layOut(graph, clientWidth / scale, order);
  svg.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
  // Rounded down: a fraction of a pixel would bring scroll bars.
  svg.setAttribute("width", String(Math.floor(layout.width * scale)));
  svg.setAttribute("height", String(Math.floor(layout.height * scale)));
  return layout;
}

/**
 * The container's part of a workload is set apart, as it matters less than the process.
 * @param {string} name
 * @returns {[base: string, suffix: string]}
 */
function splitName(name) {
  const match = /^(.+)(@[0-9a-f]{12})$/.exec(printable(name));
  const [base, suffix] = [match?.[1] ?? printable(name), match?.[2] ?? ""];
  return [shorten(base, NAME_LENGTH_MAX - suffix.length), suffix];
}

/**
 * Follows the pointer and the focus; returns what shows the facts of now in an open tip.
 * @param {MapElements} elements
 * @param {(target: EventTarget | null) => TipContent | undefined} contentOf
 */
function listenForTip({ svg, scroller, tip: box }, contentOf) {
  const tip = createTip(box);
  /** @type {EventTarget | null} */
  let current = null;
  const refresh = () => {
    const content = contentOf(current);
    if (content === undefined) tip.hide();
    else tip.show(content);
  };
  svg.addEventListener("pointermove", (event) => {
    if (event.target !== current) {
      current = event.target;
      refresh();
    }
    tip.moveTo(event.clientX, event.clientY);
  });
  svg.addEventListener("focusin", ({ target }) => {
    // A click focuses too; the tip is then at the pointer already.
    if (!(target instanceof Element) || !target.matches(":focus-visible")) return;
    current = target;
    refresh();
    const { left, bottom } = target.getBoundingClientRect();
    tip.moveTo(left, bottom);
  });
  const leave = () => {
    current = null;
    tip.hide();
  };
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("focusout", leave);
  scroller.addEventListener("scroll", leave, { passive: true });
  return refresh;
}

/** @param {Graph} graph @param {Selection | undefined} subject */
function tipOf(graph, subject) {
  if (subject === undefined) return undefined;
  if (subject.kind === "node") {
    const node = graph.nodes.get(subject.name);
    return node && nodeTip(node);
  }
  const link = graph.links.find((candidate) => isPicked(subject, { kind: "link", ...candidate }));
  return link && linkTip(link);
}

/** @param {Selection | undefined} selection @param {Selection} subject */
function isPicked(selection, subject) {
  if (selection?.kind === "node" && subject.kind === "node") return selection.name === subject.name;
  if (selection?.kind !== "link" || subject.kind !== "link") return false;
  return selection.source === subject.source && selection.target === subject.target;
}

/** @param {GraphLink} link @param {Selection | undefined} selection */
function touches({ source, target }, selection) {
  if (selection === undefined) return true;
  if (selection.kind === "node") return selection.name === source || selection.name === target;
  return selection.source === source && selection.target === target;
}

/** @param {readonly GraphLink[]} links @param {Selection | undefined} selection */
function relatedNames(links, selection) {
  const related = links.filter((link) => touches(link, selection));
  return new Set(related.flatMap(({ source, target }) => [source, target]));
}
