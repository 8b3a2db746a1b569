import { describe, expect, it } from "vitest";
import { numberedBatch, sampleBatch } from "../../test/support/kafka/batches.ts";
import { createSink } from "./index.ts";

describe("the memory sink", () => {
  it("counts what it takes, and refuses after its close", async () => {
    const sink = await createSink({ mode: "memory" }, () => undefined);
    await sink.publish(sampleBatch());
    await sink.publish({ flows: [], edges: [] });
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
