import { describe, expect, it } from "vitest";
import { liveFlow } from "../../test/support/live-view.ts";
import { isSelected, matchesFilter, nameEnds } from "./flows.js";

const LOCAL = { sourceAddress: "127.0.0.1", destinationAddress: "127.0.0.1", destinationPort: 80 };

describe("nameEnds", () => {
  it("names the own end by its workload and the other by its address", () => {
    const client = liveFlow({ sequence: 1, workload: "curl", destinationAddress: "192.0.2.1" });
    const server = liveFlow({
      sequence: 2,
      role: "server",
      workload: "nginx",
      sourceAddress: "203.0.113.9",
      destinationAddress: "198.51.100.7",
    });
    const nobody = liveFlow({ sequence: 3, workload: "", sourceAddress: "198.51.100.8" });
    expect([...nameEnds([nobody, server, client])]).toEqual([
      [3, { source: "198.51.100.8", target: "192.0.2.1" }],
      [2, { source: "203.0.113.9", target: "nginx" }],
      [1, { source: "curl", target: "192.0.2.1" }],
    ]);
  });

  it("joins both ends of a connection within the host", () => {
    const client = liveFlow({ ...LOCAL, sequence: 1, workload: "curl" });
    const server = liveFlow({ ...LOCAL, sequence: 2, role: "server", workload: "nginx@0123" });
    const ends = nameEnds([server, client]);
    expect(ends.get(1)).toEqual({ source: "curl", target: "nginx@0123" });
    expect(ends.get(2)).toEqual({ source: "curl", target: "nginx@0123" });
  });

  it("finds the server by its listening socket, when its own flow has left the table", () => {
    const other = liveFlow({ ...LOCAL, sequence: 2, role: "server", workload: "nginx" });
    const client = liveFlow({ ...LOCAL, sequence: 1, sourcePort: 1234, workload: "curl" });
    expect(nameEnds([other, client]).get(1)).toEqual({ source: "curl", target: "nginx" });
    const udp = { ...client, transport: "udp" as const };
    expect(nameEnds([other, udp]).get(1)).toEqual({ source: "curl", target: "127.0.0.1" });
  });

  it("takes the latest owner of a reused port and the direction where the role is unknown", () => {
    const old = liveFlow({ sequence: 1, workload: "old" });
    const fresh = liveFlow({ sequence: 2, workload: "fresh", role: "", direction: "egress" });
    expect(nameEnds([fresh, old]).get(2)?.source).toBe("fresh");
    const ingress = liveFlow({ sequence: 3, workload: "nginx", role: "", direction: "ingress" });
    expect(nameEnds([ingress]).get(3)?.target).toBe("nginx");
  });
});

describe("isSelected", () => {
  const ends = { source: "curl", target: "nginx" };

  it("takes either end for a node, both for a link, all for nothing", () => {
    expect(isSelected(ends, undefined)).toBe(true);
    expect(isSelected(ends, { kind: "node", name: "curl" })).toBe(true);
    expect(isSelected(ends, { kind: "node", name: "nginx" })).toBe(true);
    expect(isSelected(ends, { kind: "node", name: "postgres" })).toBe(false);
    expect(isSelected(ends, { kind: "link", source: "curl", target: "nginx" })).toBe(true);
    expect(isSelected(ends, { kind: "link", source: "nginx", target: "curl" })).toBe(false);
  });
});

describe("matchesFilter", () => {
  it.each([
    ["", true],
    ["  ", true],
    ["NGINX", true],
    ["443 nginx", true],
    ["nginx 80", false],
    [".*", false],
  ])("%j: %s", (filter, expected) => {
    expect(matchesFilter("nginx (911) 192.0.2.1:443", filter)).toBe(expected);
  });
});
