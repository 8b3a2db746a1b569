import { describe, expect, it } from "vitest";
import { HOSTILE_NAMES, liveEdge } from "../../test/support/live-view.ts";
import { buildGraph, NODES_MAX } from "./graph.js";

/** A star of `count` servers; the busiest is the last. */
function star(count: number) {
  return Array.from({ length: count }, (_, index) =>
    liveEdge({ source: "curl", destination: `server-${index}`, connections: index + 1, bytes: 0 }),
  );
}

describe("buildGraph", () => {
  it("merges the ports between two endpoints into one link", () => {
    const graph = buildGraph([
      liveEdge({ destinationPort: 443, connections: 2, bytes: 10, lastSeenUnixMs: 5 }),
      liveEdge({ destinationPort: 80, failedConnections: 3, bytes: 1, lastSeenUnixMs: 9 }),
    ]);
    expect(graph.links).toHaveLength(1);
    expect(graph.links[0]).toMatchObject({
      source: "curl",
      target: "192.0.2.1",
      connections: 3,
      failed: 3,
      bytes: 11,
      lastSeenUnixMs: 9,
    });
    expect(graph.links[0]?.edges.map((edge) => edge.destinationPort)).toEqual([80, 443]);
    expect(graph.nodes.get("curl")).toMatchObject({ remote: false, inbound: [] });
    expect(graph.nodes.get("192.0.2.1")).toMatchObject({ remote: true, outbound: [] });
  });

  it("keeps the busiest when there are too many and counts the others", () => {
    const graph = buildGraph(star(100));
    expect(graph.nodes.size).toBe(NODES_MAX);
    expect(graph.nodesTotal).toBe(101);
    expect(graph.nodes.has("server-99")).toBe(true);
    expect(graph.nodes.has("server-0")).toBe(false);
    expect(graph.links).toHaveLength(NODES_MAX - 1);
  });

  it("shows no endpoint without a peer and links all that are shown", () => {
    const pairs = Array.from({ length: 10 }, (_, index) =>
      liveEdge({ source: `c${index}`, destination: `s${index}`, connections: 10 - index }),
    );
    const cross = liveEdge({ source: "c0", destination: "s1", connections: 0, bytes: 0 });
    const graph = buildGraph([...pairs, cross], new Set(), 5);
    expect([...graph.nodes.keys()]).toEqual(["c0", "c1", "s0", "s1"]);
    expect(graph.links).toHaveLength(3);
  });

  it("does not swap what is shown for something hardly busier", () => {
    const edge = (source: string, connections: number) =>
      liveEdge({ source, destination: `${source}-server`, connections, bytes: 0 });
    const shown = new Set(["a", "a-server"]);
    const near = buildGraph([edge("a", 10), edge("b", 14)], shown, 2);
    expect([...near.nodes.keys()]).toEqual(["a", "a-server"]);
    const far = buildGraph([edge("a", 10), edge("b", 16)], shown, 2);
    expect([...far.nodes.keys()]).toEqual(["b", "b-server"]);
  });

  it("does not depend on the order of the edges", () => {
    const edges = star(80);
    expect(buildGraph(edges.toReversed())).toEqual(buildGraph(edges));
  });

  it("keeps hostile names apart", () => {
    const edges = HOSTILE_NAMES.map((name) => liveEdge({ source: name, destination: "x" }));
    const graph = buildGraph([...edges, liveEdge({ source: 'a","b', destination: "c" })]);
    expect(graph.nodes.size).toBe(HOSTILE_NAMES.length + 3);
    expect(new Set(graph.links.map((link) => link.key)).size).toBe(HOSTILE_NAMES.length + 1);
  });

  it("is empty without edges", () => {
    expect(buildGraph([])).toEqual({ nodes: new Map(), links: [], nodesTotal: 0 });
  });
});
