/**
 * What a test does when this host lacks something the test needs.
 *
 * On a developer's machine the test is skipped and its reason is shown in the summary. With
 * CI=true the environment is under our control, so what should be there and is not fails.
 */
import type { TestContext } from "vitest";

/**
 * @param ctx the context vitest hands to the test function
 * @param condition `true` when present, else why it is not (one line)
 * @param what the capability, such as `a kernel with BTF`
 * @throws Error under CI=true when the condition is not met; otherwise the test ends as skipped
 */
export function requireOrSkip(ctx: TestContext, condition: string | true, what: string): void {
  if (condition === true) return;
  const reason = `needs ${what}: ${condition}`;
  if (process.env.CI === "true") throw new Error(reason);
  ctx.skip(reason);
}
