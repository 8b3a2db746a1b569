import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Edge, type EdgeIdentity, EdgeMap } from "./edge-map.ts";

function identity(source: string, destination = "10.0.0.9", port = 80): EdgeIdentity {
  return {
    localIsClient: true,
    source,
    destination,
    destinationIsAddress: true,
    destinationKey: port * 2,
    destinationPort: port,
    transport: "tcp",
  };
}

/** Touch an edge and add one connection to it. */
function connect(edges: EdgeMap, source: string, at = 1n): Edge {
  const edge = edges.touch(identity(source), at);
  edge.fresh.connections++;
  return edge;
}

function published(edges: EdgeMap): Record<string, number> {
  const counts: Record<string, number> = {};
  edges.publish((edge) => {
    counts[edge.identity.source] = (counts[edge.identity.source] ?? 0) + edge.fresh.connections;
  });
  return counts;
}

describe("EdgeMap", () => {
  it("keeps one edge per source, destination and port", () => {
    const edges = new EdgeMap(0);
    const first = edges.touch(identity("a"), 5n);
    expect(edges.touch(identity("a"), 7n)).toBe(first);
    expect(edges.touch(identity("a", "10.0.0.8"), 7n)).not.toBe(first);
    expect(edges.touch(identity("a", "10.0.0.9", 81), 7n)).not.toBe(first);
    expect([edges.size, first.firstSeenUnixNano, first.lastSeenUnixNano]).toEqual([3, 5n, 7n]);
  });

  it("publishes what was touched, once, and starts again from zero", () => {
    const edges = new EdgeMap(0);
    connect(edges, "a");
    connect(edges, "b");
    expect(published(edges)).toEqual({ a: 1, b: 1 });
    expect(published(edges)).toEqual({});
    const edge = connect(edges, "a");
    expect(published(edges)).toEqual({ a: 1 });
    expect([edge.published.connections, edge.fresh.connections]).toEqual([2, 0]);
  });

  it("evicts the least recently seen edge", () => {
    const edges = new EdgeMap(2);
    for (const source of ["a", "b", "a", "c"]) {
      connect(edges, source);
    }
    expect([...edges.newestFirst()].map((edge) => edge.identity.source)).toEqual(["c", "a"]);
    expect([edges.size, edges.evicted]).toEqual([2, 1]);
  });

  it("publishes what an evicted edge had not published", () => {
    const edges = new EdgeMap(1);
    for (const source of ["a", "b", "a"]) {
      connect(edges, source);
    }
    expect(published(edges)).toEqual({ a: 2, b: 1 });
    expect(edges.unpublishedLost).toBe(0);
  });

  it("bounds what evicted edges wait for publication, and counts the rest", () => {
    const edges = new EdgeMap(1, 2);
    for (const source of ["a", "b", "c", "d", "e"]) {
      connect(edges, source);
    }
    expect(edges.unpublishedLost).toBe(2);
    expect(published(edges)).toEqual({ a: 1, b: 1, e: 1 });
  });

  it("behaves as a list of at most N, most recent first, that loses no count", () => {
    const steps = fc.array(fc.oneof(fc.constantFrom(..."abcdef"), fc.constant("publish")), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), steps, (max, sequence) => {
        const edges = new EdgeMap(max);
        const order: string[] = [];
        const sums: Record<string, number> = {};
        const expected: Record<string, number> = {};
        const collect = () => {
          for (const [source, count] of Object.entries(published(edges))) {
            sums[source] = (sums[source] ?? 0) + count;
          }
        };
        for (const step of sequence) {
          if (step === "publish") {
            collect();
            continue;
          }
          connect(edges, step);
          expected[step] = (expected[step] ?? 0) + 1;
          const at = order.indexOf(step);
          if (at !== -1) {
            order.splice(at, 1);
          }
          order.unshift(step);
          order.length = Math.min(order.length, max);
          expect([...edges.newestFirst()].map((edge) => edge.identity.source)).toEqual(order);
        }
        collect();
        expect(sums).toEqual(expected);
      }),
    );
  });
});
