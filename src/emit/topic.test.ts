import { describe, expect, it } from "vitest";
import { flowTopic, fnv1a32, messageKey } from "./topic.ts";

describe("the topic", () => {
  it("is shared without a namespace and private with one", () => {
    expect(flowTopic("")).toBe("probectl.ebpf.flows");
    expect(flowTopic("acme-eu1")).toBe("probectl.acme-eu1.ebpf.flows");
    expect(flowTopic("0")).toBe("probectl.0.ebpf.flows");
    expect(flowTopic("n".repeat(63))).toBe(`probectl.${"n".repeat(63)}.ebpf.flows`);
  });

  it.each(["Acme", "-acme", "a.b", "a_b", " ", "acme ", "acme\n", "ä", "n".repeat(64), "../x"])(
    "refuses the namespace %j",
    (namespace) => {
      expect(() => flowTopic(namespace)).toThrow(
        expect.objectContaining({
          code: "CONFIG_INVALID",
          message: expect.stringMatching(/^bus\.namespace .*: use 1 to 63 [^\n]*$/),
        }),
      );
    },
  );
});

describe("the message key", () => {
  // "", "a" and "foobar" are vectors published with the algorithm; the others come from a Python
  // program that computes with unbounded integers.
  it.each([
    ["", 0x811c9dc5, "f"],
    ["a", 0xe40c292c, "m"],
    ["foobar", 0xbf9cf968, "i"],
    ["node-1", 0x54c43383, "d"],
    ["web-01.example", 0xd2bba4ab, "l"],
    ["büro-7", 0xcef5affd, "n"],
    ["0", 0x350ca8af, "p"],
    ["host-3", 0x8fb7214f, "p"],
  ])("of agent %j", (agentId, hash, lane) => {
    expect(fnv1a32(agentId)).toBe(hash);
    expect(messageKey("acme", agentId)).toBe(`acme|b${lane}`);
  });

  it("spreads agents over all 16 lanes", () => {
    const keys = new Set(Array.from({ length: 500 }, (_, n) => messageKey("t", `host-${n}`)));
    expect([...keys].sort()).toEqual([..."abcdefghijklmnop"].map((lane) => `t|b${lane}`));
  });
});
