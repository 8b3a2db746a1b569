import { expect, it } from "vitest";
import { checkLayout, RECORD_LAYOUT, type RecordLayout } from "./addon.ts";

const { flowRecordSize, flowRecordOffsets, flowRecordEnums } = RECORD_LAYOUT;
const { observed_mono_ns: _first, ...fewerOffsets } = flowRecordOffsets;

it("accepts an addon with this version's record", () => {
  expect(() => checkLayout(structuredClone(RECORD_LAYOUT))).not.toThrow();
});

it.each<[string, Partial<RecordLayout>]>([
  ["another size", { flowRecordSize: flowRecordSize + 8 }],
  ["a field that moved", { flowRecordOffsets: { ...flowRecordOffsets, observed_mono_ns: 4 } }],
  ["a field more", { flowRecordOffsets: { ...flowRecordOffsets, more: 144 } }],
  ["a field less", { flowRecordOffsets: fewerOffsets }],
  ["a field with another name", { flowRecordOffsets: { ...fewerOffsets, other: 0 } }],
  ["another number for a kind", { flowRecordEnums: { ...flowRecordEnums, FLOW_CLOSE: 9 } }],
])("refuses an addon with %s, and says what to do", (_what, changed) => {
  expect(() => checkLayout({ ...RECORD_LAYOUT, ...changed })).toThrow(
    /another version of this package: run `npm run setup`/,
  );
});
