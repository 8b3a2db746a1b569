import type { CapabilityReport } from "./report.ts";

/** The report as aligned text for people, ending in a newline. */
export function formatProbe(report: CapabilityReport): string {
  const { features, problems, reason, ...facts } = report;
  const factRows = Object.entries(facts).map(([name, value]) => [name, show(value)]);
  const featureRows = features.map((feature) => [
    feature.name,
    show(feature.available),
    feature.needs_kernel,
    feature.needs_caps.join(" + "),
    // Said once, above the table.
    feature.reason === reason ? "" : feature.reason,
  ]);
  const sections = [
    align([...factRows, ["reason", reason === "" ? "-" : reason]]),
    align([["feature", "available", "kernel", "capabilities", "note"], ...featureRows]),
  ];
  if (problems.length > 1) {
    sections.splice(1, 0, ["problems", ...problems.map((problem) => `  ${problem}`)]);
  }
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function show(value: string | number | boolean | null): string {
  if (value === null) return "unknown";
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
