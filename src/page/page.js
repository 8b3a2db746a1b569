/**
 * The live page: asks the agent for its view each second while somebody looks, and shows it.
 * It keeps nothing but its token and sends nothing but that request.
 */

import { formatClock, formatCount, formatDuration, printable } from "./format.js";
import { createServiceMap } from "./map.js";
import { createFlowTable } from "./table.js";
import { takeToken } from "./token.js";

/** @type {Readonly<Record<string, string>>} what a source is called, and how it is doing */
const MODES = { live: "live capture", fixture: "recorded fixture", unavailable: "no capture" };
/** @type {Readonly<Record<string, string>>} */
const HEALTH = { live: "live", fixture: "replay", unavailable: "unavailable" };

/** @typedef {import("../model/live-view.ts").LiveView} LiveView */
/** @typedef {import("./flows.js").Selection} Selection */

const POLL_INTERVAL_MS = 1_000;
const POLL_TIMEOUT_MS = 4_000;

const element = {
  alarm: byId("alarm", HTMLElement),
  filter: byId("filter", HTMLInputElement),
  flowsEmpty: byId("flows-empty", HTMLElement),
  flowsNote: byId("flows-note", HTMLElement),
  health: byId("health", HTMLElement),
  mapEmpty: byId("map-empty", HTMLElement),
  mapNote: byId("map-note", HTMLElement),
  mapScroller: byId("map-scroller", HTMLElement),
  pause: byId("pause", HTMLButtonElement),
  selection: byId("selection", HTMLButtonElement),
  weight: byId("weight", HTMLSelectElement),
};

let token = takeToken();
/** @type {LiveView | undefined} the latest answer */
let view;
/** @type {LiveView["flows"]} what the table shows: older than the view while paused */
let flows = [];
/** @type {Selection | undefined} */
let selection;
let isPaused = false;

const table = createFlowTable(byId("flows", HTMLTableSectionElement));
const map = createServiceMap(
  {
    scroller: element.mapScroller,
    svg: byId("map", SVGSVGElement),
    links: byId("map-links", SVGGElement),
    nodes: byId("map-nodes", SVGGElement),
    tip: byId("tip", HTMLElement),
  },
  (picked) => select(isSame(picked, selection) ? undefined : picked),
);

element.filter.addEventListener("input", showFlows);
element.weight.addEventListener("change", showMap);
element.selection.addEventListener("click", () => select(undefined));
element.pause.addEventListener("click", () => {
  isPaused = !isPaused;
  element.pause.setAttribute("aria-pressed", String(isPaused));
  element.pause.textContent = isPaused ? "Resume" : "Pause";
  showFlows();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") select(undefined);
});
new ResizeObserver(showMap).observe(element.mapScroller);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) void poll();
});
// The address of an agent that was started anew, opened in this tab, does not load the page again.
window.addEventListener("hashchange", () => {
  token = takeToken() || token;
  void poll();
});
void poll();

async function poll() {
  clearTimeout(timer);
  try {
    await refresh();
  } finally {
    // Again, as a poll that began when the page was shown anew may have set it meanwhile.
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(poll, POLL_INTERVAL_MS);
  }
}

async function refresh() {
  const answer = await ask();
  if (answer.problem === undefined) {
    view = answer.view;
    showHealth(HEALTH[view.agent.mode] ?? view.agent.mode, "");
    showView();
  } else if (answer.problem === "no token") {
    showHealth("no token", "This page lacks its token: open the address that the agent printed.");
  } else if (answer.problem === 401) {
    const why = "The agent was started anew, or the address was not complete.";
    showHealth("refused", `${why} Open the address that the agent printed.`);
  } else if (answer.problem === "silent") {
    const since = view === undefined ? "" : ` What you see is from ${clock(view)}.`;
    showHealth("not answering", `The agent does not answer.${since} Trying again each second.`);
  } else {
    showHealth("failing", `The agent answers with an error (HTTP ${answer.problem}).`);
  }
}

/**
 * @typedef {number | "silent" | "no token"} Problem a number is the status of a refusal
 * @returns {Promise<{view: LiveView, problem?: undefined} | {problem: Problem}>}
 */
async function ask() {
  if (token === "") return { problem: "no token" };
  try {
    const signal = AbortSignal.timeout(POLL_TIMEOUT_MS);
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch("/api/view", { cache: "no-store", headers, signal });
    return response.ok ? { view: await response.json() } : { problem: response.status };
  } catch {
    // Refused, cut or timed out: for the reader it is one thing, and the next poll may succeed.
    return { problem: "silent" };
  }
}

/** @param {string} state one of the closed set above @param {string} alarm "" when all is well */
function showHealth(state, alarm) {
  // Only changes are written: these are announced by screen readers.
  if (element.health.textContent !== state) element.health.textContent = state;
  element.health.dataset.state = alarm === "" ? "good" : "bad";
  element.alarm.hidden = alarm === "";
  if (element.alarm.textContent !== alarm) element.alarm.textContent = alarm;
  document.body.classList.toggle("stale", alarm !== "");
}

function showView() {
  if (view === undefined) return;
  const { agent, totals } = view;
  document.title = `${printable(agent.host)} · probectl live`;
  setText("host", printable(agent.host));
  setText("tenant", printable(agent.tenantId));
  setText("version", printable(agent.version));
  setText("mode", MODES[agent.mode] ?? agent.mode);
  byId("mode", HTMLElement).dataset.mode = agent.mode;
  setText("reason", printable(agent.reason));
  byId("reason", HTMLElement).title = printable(agent.reason);
  setText("updated", clock(view));
  setText("observed", formatCount(totals.observed));
  setText("dropped", formatCount(totals.dropped));
  setText("dropped-note", totals.dropped > 0 ? "view incomplete" : "");
  byId("dropped-tile", HTMLElement).classList.toggle("bad", totals.dropped > 0);
  setText("connections-failed", formatCount(totals.connectionsFailed));
  setText("edges", formatCount(totals.edges));
  const evicted = totals.edgesEvicted;
  setText("edges-note", evicted > 0 ? `${formatCount(evicted)} evicted` : "");
  setText("batches", formatCount(totals.batchesPublished));
  setText("uptime", formatDuration(Math.max(0, agent.nowUnixMs - agent.startedUnixMs)));
  showMap();
  showFlows();
}

function showMap() {
  if (view === undefined) return;
  const weight = element.weight.value === "connections" ? "connections" : "bytes";
  const { edges, agent } = view;
  const { nodesShown, nodesTotal } = map.update({
    edges,
    nowUnixMs: agent.nowUnixMs,
    selection,
    weight,
  });
  element.mapEmpty.hidden = nodesTotal > 0;
  const hidden = nodesTotal - nodesShown;
  element.mapNote.textContent =
    hidden > 0
      ? `the ${nodesShown} busiest of ${nodesTotal} endpoints, ${hidden} hidden`
      : `${nodesTotal} ${nodesTotal === 1 ? "endpoint" : "endpoints"}`;
}

function showFlows() {
  if (view === undefined) return;
  if (!isPaused) flows = view.flows;
  const shown = table.update(flows, selection, element.filter.value);
  element.flowsEmpty.hidden = shown > 0;
  element.flowsEmpty.textContent =
    flows.length === 0 ? "No flow yet." : "None of the latest flows matches.";
  const latest = flows[0]?.sequence ?? 0;
  const waiting = isPaused ? (view.flows[0]?.sequence ?? latest) - latest : 0;
  const paused = isPaused ? `, paused: ${formatCount(waiting)} new` : "";
  element.flowsNote.textContent = `${formatCount(shown)} of the latest ${formatCount(flows.length)}${paused}`;
}

/** @param {Selection | undefined} picked */
function select(picked) {
  selection = picked;
  element.selection.hidden = picked === undefined;
  if (picked !== undefined) {
    const text = picked.kind === "node" ? picked.name : `${picked.source} → ${picked.target}`;
    setText("selection-text", printable(text));
    element.selection.setAttribute("aria-label", `Show all flows, not only ${printable(text)}`);
  }
  showMap();
  showFlows();
}

/** @param {Selection} a @param {Selection | undefined} b */
function isSame(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** @param {LiveView} latest */
function clock(latest) {
  return formatClock(latest.agent.nowUnixMs).slice(0, 8);
}

/** @param {string} id @param {string} text */
function setText(id, text) {
  const target = byId(id, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @template {Element} Type
 * @param {string} id
 * @param {new () => Type} type
 */
function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`page: no ${type.name} #${id}`);
  return found;
}
