import { describe, expect, it } from "vitest";
import { numberedBatch } from "../../test/support/kafka/batches.ts";
import { SinkLedger } from "./ledger.ts";
import { DeliveryError, PublishQueue } from "./publish-queue.ts";

function values(ledger: SinkLedger): Record<string, number> {
  return Object.fromEntries(
    ledger.metrics().map(({ name, labels, value }) => [labels?.reason ?? name, value]),
  );
}

describe("the publish queue", () => {
  it("runs one delivery at a time, in order, whether or not the one before failed", async () => {
    const queue = new PublishQueue(new SinkLedger("kafka", []), 100);
    const steps: string[] = [];
    const run = (name: string, fails: boolean): Promise<void> =>
      queue.run(numberedBatch(1), async () => {
        steps.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(`${name} ends`);
        if (fails) throw new DeliveryError("broker_refused", "no");
      });
    const results = await Promise.allSettled([run("a", true), run("b", false), run("c", false)]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("accounts for a batch of which only a part was published", async () => {
    const ledger = new SinkLedger("kafka", ["broker_refused", "oversized"]);
    const queue = new PublishQueue(ledger, 100);
    const waiting = queue.run(numberedBatch(10), async (delivery) => {
      delivery.publish(4, 1_200);
      delivery.drop("oversized", 1);
      throw new DeliveryError("broker_refused", "no");
    });
    const next = queue.run(numberedBatch(2), async (delivery) => delivery.publish(2, 600));
    expect(ledger.buffered).toBe(12);
    await expect(waiting).rejects.toThrow(DeliveryError);
    await next;
    expect(values(ledger)).toEqual({
      records_offered_total: 12,
      batches_published_total: 1,
      records_published_total: 6,
      bytes_published_total: 1_800,
      broker_refused: 5,
      oversized: 1,
      publish_buffered_records: 0,
    });
  });

  it("counts a bug in a delivery and hands it on as it is", async () => {
    const ledger = new SinkLedger("file", []);
    const bug = new TypeError("bug");
    const run = new PublishQueue(ledger, 100).run(numberedBatch(3), () => Promise.reject(bug));
    await expect(run).rejects.toBe(bug);
    expect(values(ledger)).toMatchObject({ internal_error: 3, publish_buffered_records: 0 });
  });

  it("fills up to the bound exactly", async () => {
    const queue = new PublishQueue(new SinkLedger("file", []), 5);
    const full = queue.run(numberedBatch(5), async (delivery) => delivery.publish(5, 0));
    await expect(queue.run(numberedBatch(1), async () => undefined)).rejects.toMatchObject({
      code: "PUBLISH_REFUSED",
    });
    await full;
    await queue.run(numberedBatch(5), async (delivery) => delivery.publish(5, 0));
  });

  it("takes a batch above the bound when nothing waits, and then nothing beside it", async () => {
    const ledger = new SinkLedger("file", ["buffer_full"]);
    const queue = new PublishQueue(ledger, 5);
    for (let round = 0; round < 2; round++) {
      const large = queue.run(numberedBatch(12), async (delivery) => delivery.publish(12, 0));
      await expect(queue.run(numberedBatch(1), async () => undefined)).rejects.toMatchObject({
        code: "PUBLISH_REFUSED",
      });
      await large;
    }
    expect(values(ledger)).toMatchObject({
      records_offered_total: 26,
      records_published_total: 24,
      buffer_full: 2,
      publish_buffered_records: 0,
    });
  });

  it("refuses a batch above the bound behind another", async () => {
    const queue = new PublishQueue(new SinkLedger("file", []), 5);
    const first = queue.run(numberedBatch(1), async (delivery) => delivery.publish(1, 0));
    await expect(queue.run(numberedBatch(6), async () => undefined)).rejects.toMatchObject({
      code: "PUBLISH_REFUSED",
    });
    await first;
  });
});
