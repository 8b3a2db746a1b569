import { describe, expect, it } from "vitest";
import { numberedBatch, sampleBatch } from "../../test/support/kafka/batches.ts";
import { createSink, MEMORY_BATCHES_MAX, MEMORY_RECORDS_MAX, MemorySink } from "./index.ts";

describe("the memory sink", () => {
  it("keeps the last batches and forgets older ones", async () => {
    const sink = new MemorySink();
    for (let size = 1; size <= MEMORY_BATCHES_MAX + 3; size++) {
      await sink.publish(numberedBatch(size));
    }
    const sizes = sink.batches().map(({ flows }) => flows.length);
    expect(sizes).toEqual(Array.from({ length: MEMORY_BATCHES_MAX }, (_, index) => index + 4));
  });

  it("keeps no more records than its bound", async () => {
    const sink = new MemorySink();
    const third = Math.ceil(MEMORY_RECORDS_MAX / 3);
    for (let i = 0; i < 5; i++) await sink.publish(numberedBatch(third));
    expect(sink.batches()).toHaveLength(2);
    await sink.publish(numberedBatch(MEMORY_RECORDS_MAX + 1));
    expect(sink.batches()).toHaveLength(0);
  });

  it("keeps nothing for an empty batch", async () => {
    const sink = new MemorySink();
    await sink.publish({ flows: [], edges: [] });
    expect(sink.batches()).toEqual([]);
    expect(sink.metrics().every(({ value }) => value === 0)).toBe(true);
  });

  it("counts, and refuses after its close", async () => {
    const sink = await createSink({ mode: "memory" }, () => undefined);
    await sink.publish(sampleBatch());
    await sink.close();
    await sink.close();
    await expect(sink.publish(numberedBatch(3))).rejects.toMatchObject({ code: "PUBLISH_REFUSED" });
    const values = sink.metrics().map(({ name, value, labels }) => [name, labels, value]);
    expect(values).toEqual([
      ["records_offered_total", { sink: "memory" }, 7],
      ["batches_published_total", { sink: "memory" }, 1],
      ["records_published_total", { sink: "memory" }, 4],
      ["bytes_published_total", { sink: "memory" }, 0],
      ["publish_dropped_total", { sink: "memory", reason: "closed" }, 3],
      ["publish_buffered_records", { sink: "memory" }, 0],
    ]);
  });
});
