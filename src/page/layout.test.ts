import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { liveEdge } from "../../test/support/live-view.ts";
import { buildGraph } from "./graph.js";
import { layOut, NODE_HEIGHT, NODE_WIDTH } from "./layout.js";

const WIDTH = 1200;

function graphOf(...pairs: readonly (readonly [string, string])[]) {
  return buildGraph(pairs.map(([source, destination]) => liveEdge({ source, destination })));
}

function place(layout: ReturnType<typeof layOut>, name: string) {
  const point = layout.nodes.get(name);
  if (point === undefined) throw new Error(`${name} has no place`);
  return point;
}

/** The x of the first and the last point of a path. */
function endsOf(path: string): [first: number, last: number] {
  const numbers = path.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
  return [numbers[0] ?? Number.NaN, numbers.at(-2) ?? Number.NaN];
}

/** From top to bottom. */
function column(layout: ReturnType<typeof layOut>, names: string[]): string[] {
  return names.toSorted((a, b) => place(layout, a).y - place(layout, b).y);
}

describe("layOut", () => {
  it("places servers right of all their clients", () => {
    const layout = layOut(graphOf(["a", "b"], ["b", "c"], ["a", "c"]), WIDTH);
    expect(place(layout, "a").x).toBeLessThan(place(layout, "b").x);
    expect(place(layout, "b").x).toBeLessThan(place(layout, "c").x);
  });

  it("moves a pure client next to its server", () => {
    const layout = layOut(graphOf(["a", "b"], ["b", "c"], ["late", "c"]), WIDTH);
    expect(place(layout, "late").x).toBe(place(layout, "b").x);
  });

  it("leads a long link around what is between", () => {
    const layout = layOut(graphOf(["a", "b"], ["b", "c"], ["a", "c"]), WIDTH);
    const direct = layout.paths.get(JSON.stringify(["a", "c"])) ?? "";
    expect(direct.match(/C/g)).toHaveLength(3);
    expect(direct).not.toContain(` ${place(layout, "b").y + NODE_HEIGHT / 2} `);
  });

  it("draws every link from its client to its server, in cycles too", () => {
    const graph = graphOf(["a", "b"], ["b", "c"], ["c", "a"], ["b", "a"], ["a", "a"]);
    const layout = layOut(graph, WIDTH);
    for (const link of graph.links) {
      const [first, last] = endsOf(layout.paths.get(link.key) ?? "");
      const [source, target] = [place(layout, link.source), place(layout, link.target)];
      const isForth = source.x < target.x || link.source === link.target;
      expect(first).toBe(isForth ? source.x + NODE_WIDTH : source.x);
      expect(Math.abs(last - (target.x + (source.x < target.x ? 0 : NODE_WIDTH)))).toBe(10);
    }
  });

  it("gives the same picture for the same edges in any order", () => {
    const pairs = [
      ["a", "c"],
      ["b", "c"],
      ["c", "d"],
      ["b", "d"],
      ["d", "b"],
    ] as const;
    expect(layOut(graphOf(...pairs.toReversed()), WIDTH)).toEqual(layOut(graphOf(...pairs), WIDTH));
  });

  it("stays as it is when nothing changed", () => {
    const graph = graphOf(["a", "c"], ["b", "c"], ["c", "d"], ["b", "d"]);
    const first = layOut(graph, WIDTH);
    expect(layOut(graph, WIDTH, first.order)).toEqual(first);
  });

  it("keeps the order of what was drawn when an endpoint comes", () => {
    const before = [
      ["a", "x"],
      ["b", "y"],
      ["c", "z"],
    ] as const;
    const first = layOut(graphOf(...before), WIDTH);
    const after = graphOf(...before, ["c", "x"], ["a", "new"], ["b", "z"]);
    const second = layOut(after, WIDTH, first.order);
    expect(column(second, ["a", "b", "c"])).toEqual(column(first, ["a", "b", "c"]));
    expect(column(second, ["x", "y", "z"])).toEqual(column(first, ["x", "y", "z"]));
    expect(second.nodes.has("new")).toBe(true);
  });

  it("is empty for an empty graph", () => {
    expect(layOut(buildGraph([]), WIDTH)).toMatchObject({ height: 0, order: [] });
  });

  it("never overlaps nodes nor leaves the picture, whatever the graph", () => {
    const name = fc.integer({ min: 0, max: 25 }).map((value) => `n${value}`);
    const pairs = fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(pairs, pairs, fc.integer({ min: 0, max: 3000 }), (before, after, width) => {
        const { order } = layOut(graphOf(...before), width);
        const graph = graphOf(...after);
        const layout = layOut(graph, width, order);
        const points = [...layout.nodes.values()];
        expect(points).toHaveLength(graph.nodes.size);
        expect(layout.paths.size).toBe(graph.links.length);
        for (const path of layout.paths.values()) expect(path).not.toMatch(/NaN|undefined/);
        points.forEach(({ x, y }, index) => {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(x + NODE_WIDTH).toBeLessThanOrEqual(layout.width);
          expect(y + NODE_HEIGHT).toBeLessThanOrEqual(layout.height);
          for (const other of points.slice(index + 1)) {
            const apart = other.x !== x || Math.abs(other.y - y) >= NODE_HEIGHT;
            expect(apart).toBe(true);
          }
        });
      }),
      { numRuns: 60 },
    );
  });
});
