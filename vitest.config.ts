/**
 * Two projects. `unit` needs only the packages and the built WASM; `live` talks to this host
 * (kernel, broker, browser), one file at a time because those are shared.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["src/**/*.test.ts", "test/*.test.ts", "test/parsers/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "live",
          environment: "node",
          include: ["test/live/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
