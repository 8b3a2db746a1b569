/**
 * Layers of the service map, clients left of their servers (after Sugiyama, Tagawa and Toda
 * 1981): break cycles, assign layers, lead long links through slots of their own, order each
 * layer by the mean of its neighbours. Pure and deterministic; given the previous order, what is
 * drawn already keeps its order and newcomers are put between. At most NODES_MAX nodes.
 */

/** @typedef {import("./graph.js").GraphLink} GraphLink */

/**
 * A place in a layer: a node, or a link that passes through.
 * @typedef {{key: string, layer: number, neighbours: Slot[]}} Slot
 */

/**
 * The slots of a link from left to right; a back link runs from right to left.
 * @typedef {{link: GraphLink, back: boolean, through: Slot[]}} Route
 */

const ORDER_SWEEPS = 6;

/** @param {string} name */
export const nodeKey = (name) => `node ${name}`;

/**
 * @param {string[]} names
 * @param {readonly GraphLink[]} links none from an endpoint to itself
 * @param {readonly (readonly string[])[]} previousOrder slot keys per layer
 * @returns {{layers: Slot[][], routes: Route[]}} slots of each layer from top to bottom
 */
export function arrange(names, links, previousOrder) {
  const back = findBackLinks(names, links);
  const { layers, routes } = buildSlots(assignLayers(names, links, back), links, back);
  orderLayers(layers);
  keepOrder(layers, previousOrder);
  return { layers, routes };
}

/**
 * Links whose reversal leaves no cycle: those that lead back to an endpoint still being visited.
 * Visits start at pure clients, so that their direction is the one that is kept.
 * @param {string[]} names
 * @param {readonly GraphLink[]} links
 */
function findBackLinks(names, links) {
  const outbound = groupBy(links, (link) => link.source);
  const servers = new Set(links.map((link) => link.target));
  /** @type {Map<string, "open" | "done">} */
  const visits = new Map();
  /** @type {Set<GraphLink>} */
  const back = new Set();
  /** @param {string} name */
  const visit = (name) => {
    visits.set(name, "open");
    for (const link of outbound.get(name) ?? []) {
      const state = visits.get(link.target);
      if (state === "open") back.add(link);
      if (state === undefined) visit(link.target);
    }
    visits.set(name, "done");
  };
  const clientsFirst = [
    ...names.filter((name) => !servers.has(name)),
    ...names.filter((name) => servers.has(name)),
  ];
  for (const name of clientsFirst) if (!visits.has(name)) visit(name);
  return back;
}

/**
 * A server is right of all its clients; a pure client moves right, next to its first server.
 * @param {string[]} names
 * @param {readonly GraphLink[]} links
 * @param {ReadonlySet<GraphLink>} back
 */
function assignLayers(names, links, back) {
  const ends = links.map((link) =>
    back.has(link)
      ? { from: link.target, to: link.source }
      : { from: link.source, to: link.target },
  );
  const before = groupBy(ends, (end) => end.to);
  const after = groupBy(ends, (end) => end.from);
  /** @type {Map<string, number>} */
  const layers = new Map();
  /** @param {string} name @returns {number} */
  const layer = (name) => {
    const known = layers.get(name);
    if (known !== undefined) return known;
    const value = Math.max(0, ...(before.get(name) ?? []).map(({ from }) => layer(from) + 1));
    layers.set(name, value);
    return value;
  };
  for (const name of names) layer(name);
  for (const name of names) {
    const servers = after.get(name) ?? [];
    if (before.has(name) || servers.length === 0) continue;
    layers.set(name, Math.min(...servers.map(({ to }) => layer(to))) - 1);
  }
  return layers;
}

/**
 * @param {ReadonlyMap<string, number>} layerOf
 * @param {readonly GraphLink[]} links
 * @param {ReadonlySet<GraphLink>} back
 */
function buildSlots(layerOf, links, back) {
  /** @type {Slot[][]} */
  const layers = Array.from({ length: Math.max(-1, ...layerOf.values()) + 1 }, () => []);
  /** @type {Map<string, Slot>} */
  const nodes = new Map();
  /** @param {string} key @param {number} layer */
  const addSlot = (key, layer) => {
    /** @type {Slot} */
    const slot = { key, layer, neighbours: [] };
    layers[layer]?.push(slot);
    return slot;
  };
  for (const [name, layer] of layerOf) nodes.set(name, addSlot(nodeKey(name), layer));
  /** @type {Route[]} */
  const routes = [];
  for (const link of links) {
    const isBack = back.has(link);
    const first = nodes.get(isBack ? link.target : link.source);
    const last = nodes.get(isBack ? link.source : link.target);
    if (first === undefined || last === undefined) continue;
    const through = [first];
    for (let layer = first.layer + 1; layer < last.layer; layer++) {
      through.push(addSlot(`link ${link.key} ${layer}`, layer));
    }
    through.push(last);
    connect(through);
    routes.push({ link, back: isBack, through });
  }
  return { layers, routes };
}

/** @param {readonly Slot[]} slots */
function connect(slots) {
  slots.forEach((slot, index) => {
    const next = slots[index + 1];
    if (next === undefined) return;
    slot.neighbours.push(next);
    next.neighbours.push(slot);
  });
}

/**
 * Sorts each layer by the mean place of its neighbours, forth and back, in place.
 * @param {Slot[][]} layers
 */
function orderLayers(layers) {
  /** @type {Map<Slot, number>} */
  const place = new Map();
  /** @param {Slot[]} slots */
  const record = (slots) =>
    slots.forEach((slot, index) => {
      place.set(slot, (index + 1) / (slots.length + 1));
    });
  layers.forEach(record);
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep++) {
    const step = sweep % 2 === 0 ? -1 : 1;
    for (const slots of step === -1 ? layers : layers.toReversed()) {
      /** @type {Map<Slot, number>} */
      const wanted = new Map();
      for (const slot of slots) {
        const fixed = slot.neighbours.filter((other) => other.layer === slot.layer + step);
        const places = fixed.map((other) => place.get(other) ?? 0);
        const mean = places.reduce((sum, value) => sum + value, 0) / places.length;
        wanted.set(slot, places.length === 0 ? (place.get(slot) ?? 0) : mean);
      }
      // The sort is stable: equals keep the order they have.
      slots.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      record(slots);
    }
  }
}

/**
 * What was drawn before keeps its order; a newcomer follows whom it follows in the new order.
 * @param {Slot[][]} layers
 * @param {readonly (readonly string[])[]} previousOrder
 */
function keepOrder(layers, previousOrder) {
  const rank = new Map(previousOrder.flat().map((key, index) => [key, index]));
  for (const slots of layers) {
    const ideal = [...slots];
    const kept = ideal.filter((slot) => rank.has(slot.key));
    kept.sort((a, b) => (rank.get(a.key) ?? 0) - (rank.get(b.key) ?? 0));
    slots.splice(0, slots.length, ...kept);
    ideal.forEach((slot, index) => {
      if (rank.has(slot.key)) return;
      const before = ideal[index - 1];
      slots.splice(before === undefined ? 0 : slots.indexOf(before) + 1, 0, slot);
    });
  }
}

/**
 * @template Item
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf
 */
function groupBy(items, keyOf) {
  /** @type {Map<string, Item[]>} */
  const groups = new Map();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
