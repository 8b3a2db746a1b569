/** The SVG elements of the service map: created once per node or link, then kept and updated. */

import { NODE_HEIGHT, NODE_WIDTH } from "./layout.js";

/** @typedef {import("./tip.js").TipContent} TipContent */

const SVG = "http://www.w3.org/2000/svg";
const LINE_WIDTH_MIN = 1.5;
const LINE_WIDTH_MAX = 6;

/**
 * The group's children by key, created when first seen.
 * @param {SVGGElement} parent
 * @param {() => SVGGElement} create
 */
export function keyedChildren(parent, create) {
  /** @type {Map<string, SVGGElement>} */
  const children = new Map();
  return {
    /** @param {string} key */
    get(key) {
      let child = children.get(key);
      if (child === undefined) {
        child = create();
        children.set(key, child);
        parent.append(child);
      }
      return child;
    },
    /** @param {readonly string[]} keys the others are removed */
    keep(keys) {
      const wanted = new Set(keys);
      for (const [key, child] of children) {
        if (wanted.has(key)) continue;
        child.remove();
        children.delete(key);
      }
    },
  };
}

export function createLinkElement() {
  const group = createButton("link");
  // The wide invisible line is what the pointer can hit.
  group.append(svgElement("path", { class: "hit" }));
  group.append(svgElement("path", { class: "line", "marker-end": "url(#arrow)" }));
  return group;
}

export function createNodeElement() {
  const group = createButton("node");
  const label = svgElement("g", { "clip-path": "url(#node-clip)" });
  const name = svgElement("text", { class: "name", x: "12", y: "16" });
  name.append(svgElement("tspan", { class: "base" }), svgElement("tspan", { class: "suffix" }));
  label.append(name, svgElement("text", { class: "ports", x: "12", y: "30" }));
  const box = { width: String(NODE_WIDTH), height: String(NODE_HEIGHT), rx: "7" };
  group.append(svgElement("rect", box), label);
  return group;
}

/** @param {string} className */
function createButton(className) {
  return svgElement("g", { class: className, role: "button", tabindex: "0" });
}

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Readonly<Record<string, string>>} attributes
 */
function svgElement(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** @param {SVGGElement} element @param {TipContent} content @param {boolean} picked */
export function describeElement(element, { title, lines }, picked) {
  element.setAttribute("aria-label", [title, ...lines].join("; "));
  element.setAttribute("aria-pressed", String(picked));
}

/** @param {SVGGElement} element @param {string} path @param {number} share 0..1 of the heaviest */
export function drawLink(element, path, share) {
  // A root keeps small shares apart: traffic spans many orders of magnitude.
  const width = LINE_WIDTH_MIN + (LINE_WIDTH_MAX - LINE_WIDTH_MIN) * share ** 0.4;
  for (const line of element.children) line.setAttribute("d", path);
  element.querySelector(".line")?.setAttribute("stroke-width", width.toFixed(1));
}

/** @param {Element} parent @param {string} selector @param {string} text */
export function setText(parent, selector, text) {
  const element = parent.querySelector(selector);
  if (element !== null && element.textContent !== text) element.textContent = text;
}
