import { describe, expect, it } from "vitest";
import { liveEdge } from "../../test/support/live-view.ts";
import { linkTip, nodeSubtitle, nodeTip } from "./describe.js";
import { buildGraph } from "./graph.js";

const EDGES = [
  liveEdge({
    source: "api",
    destination: "db",
    destinationPort: 5432,
    connections: 1,
    bytes: 2048,
  }),
  liveEdge({ source: "nginx", destination: "api", destinationPort: 8080, failedConnections: 2 }),
  liveEdge({ source: "nginx", destination: "api", destinationPort: 53, transport: "udp" }),
];

function nodeOf(name: string) {
  const node = buildGraph(EDGES).nodes.get(name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

describe("a node", () => {
  it("says what it serves, else how much it calls", () => {
    expect(nodeSubtitle(nodeOf("api"))).toBe("ports 53/udp, 8080");
    expect(nodeSubtitle(nodeOf("db"))).toBe("port 5432");
    expect(nodeSubtitle(nodeOf("nginx"))).toBe("2 connections");
  });

  it("lists the ports it serves and what it calls", () => {
    expect(nodeTip(nodeOf("api"))).toEqual({
      title: "api",
      lines: [
        "process of this host",
        "serves 2 connections, 2 failed, 8.0 KiB",
        "port 53/udp: 1 connection, 4.0 KiB",
        "port 8080: 1 connection, 2 failed, 4.0 KiB",
        "calls 1 connection, 2.0 KiB",
        "→ db port 5432: 1 connection, 2.0 KiB",
      ],
    });
  });

  it("bounds both", () => {
    const edges = Array.from({ length: 40 }, (_, port) => liveEdge({ destinationPort: port }));
    const { nodes, links } = buildGraph(edges);
    const [server] = [...nodes.values()].filter((node) => node.remote);
    expect(server && nodeSubtitle(server)).toBe("ports 0, 1, 2 +37");
    expect(server && nodeTip(server).lines).toHaveLength(13);
    expect(links[0] && linkTip(links[0]).lines.at(-2)).toBe("and 30 more");
  });
});

describe("a link", () => {
  it("says who calls whom, per port", () => {
    const link = buildGraph(EDGES).links.find(({ target }) => target === "api");
    const tip = link && linkTip(link);
    expect(tip?.title).toBe("nginx → api");
    expect(tip?.lines.slice(0, 2)).toEqual([
      "port 53 udp: 1 connection, 4.0 KiB",
      "port 8080 tcp: 1 connection, 2 failed, 4.0 KiB",
    ]);
    expect(tip?.lines.at(-1)).toMatch(/^last seen \d\d:\d\d:\d\d\.\d{3}$/);
  });
});
