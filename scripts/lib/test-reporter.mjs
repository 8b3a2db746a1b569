/**
 * A vitest reporter for scripts/test.mjs: counts, and each skip with its reason, as JSON in the
 * file that PROBECTL_TEST_REPORT names. (The json reporter of vitest leaves the reasons out.)
 */
import { writeFileSync } from "node:fs";

/**
 * @typedef {object} TestReport
 * @property {number} passed
 * @property {number} failed tests, and what failed outside a test: a file, a hook, a stray promise
 * @property {{ name: string, reason: string }[]} skipped
 */

export default class TestReporter {
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {TestReport} */
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      if (module.errors().length > 0) report.failed += 1;
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) report.failed += 1;
      }
      for (const test of module.children.allTests()) addTest(report, module, test);
    }
    writeFileSync(process.env.PROBECTL_TEST_REPORT, JSON.stringify(report));
  }
}

function addTest(report, module, test) {
  const { state, note } = test.result();
  if (state === "passed") report.passed += 1;
  else if (state === "skipped") {
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    report.skipped.push({ name, reason: note ?? "no reason given" });
  } else report.failed += 1;
}
