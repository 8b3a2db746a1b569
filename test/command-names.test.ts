/**
 * Any process sets its own command name: whatever it holds, none of it reaches the map, the flow
 * table or a batch as more than text to read.
 */

import { describe, expect, it } from "vitest";
import { createEnricher } from "../src/enrich/enricher.ts";
import { FlowRecordKind, FlowRole } from "../src/model/flow-record.ts";
import { concat, flowRecord } from "./support/flow-records.ts";
import { flowStage } from "./support/flow-stage.ts";

/** Controls, direction marks, separators, broken UTF-8; with what is shown for each. */
const NAMES: readonly (readonly [name: string | readonly number[], shown: string])[] = [
  ["a\u001b[2J\nb", "a?[2J?b"],
  ["x\u202ey\u2028z", "x?y?z"],
  ["c1\u009b31m", "c1?31m"],
  [[0x61, 0xff, 0x62], "a?b"],
];

function observe() {
  const enricher = createEnricher({ procRoot: "/nonexistent", cgroupRoot: "/nonexistent" });
  const stage = flowStage({ enricher });
  const records = NAMES.flatMap(([comm], index) => {
    const fields = { pid: index + 1, comm: typeof comm === "string" ? comm : padded(comm) };
    return [
      flowRecord({ ...fields, connection_id: 2 * index + 1 }),
      flowRecord({
        ...fields,
        connection_id: 2 * index + 2,
        kind: FlowRecordKind.Close,
        role: FlowRole.Server,
        local_port: 8000 + index,
        remote_address: [192, 0, 2, 9],
      }),
    ];
  });
  stage.ingest(concat(records));
  return stage;
}

/** Over the whole field, so that nothing of the default name is left. */
function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>(16 - bytes.length).fill(0)];
}

describe("command names that are not plain text", () => {
  const shown = NAMES.map(([, text]) => text).sort();

  it("are readable text in the live view", () => {
    const { edges, flows } = observe().view();
    expect([...new Set(flows.map((flow) => flow.processName))].sort()).toEqual(shown);
    expect([...new Set(flows.map((flow) => flow.workload))].sort()).toEqual(shown);
    const ends = edges.flatMap(({ source, destination }) => [source, destination]);
    expect([...new Set(ends)].sort()).toEqual(["10.0.0.2", "192.0.2.9", ...shown].sort());
  });

  it("are readable text in a batch", () => {
    const { edges, flows } = observe().drain();
    expect([...new Set(flows.map((flow) => flow.processName))].sort()).toEqual(shown);
    const ends = edges.flatMap(({ source, destination }) => [source, destination]);
    expect([...new Set(ends)].sort()).toEqual(["10.0.0.2", "192.0.2.9", ...shown].sort());
  });
});
