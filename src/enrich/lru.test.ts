import { describe, expect, it } from "vitest";
import { Lru } from "./lru.ts";

describe("Lru", () => {
  it("makes room by the least recently used entry and counts it", () => {
    const lru = new Lru<string, number>(2);
    lru.set("a", 1);
    lru.set("b", 2);
    expect(lru.get("a")).toBe(1);
    lru.set("c", 3);
    expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual([1, undefined, 3]);
    expect([lru.size, lru.evicted]).toEqual([2, 1]);
  });

  it("replaces a value without an eviction, and makes it the most recent", () => {
    const lru = new Lru<string, number>(2);
    lru.set("a", 1);
    lru.set("b", 2);
    lru.set("a", 3);
    expect(lru.evicted).toBe(0);
    lru.set("c", 4);
    expect([lru.get("a"), lru.get("b")]).toEqual([3, undefined]);
  });
});
