/** The version in package.json, which lies two levels up from src/agent and dist/agent alike. */

import { readFileSync } from "node:fs";

export function agentVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  if (manifest instanceof Object && "version" in manifest && typeof manifest.version === "string")
    return manifest.version;
  throw new Error("package.json has no version");
}
