/** Whether this machine can capture live: `true`, or why not. */

import { existsSync } from "node:fs";
import { addonStatus } from "../../../src/capture/addon.ts";

export function canCapture(): true | string {
  const addon = addonStatus();
  if (!addon.compiled) return addon.reason;
  if (process.getuid?.() !== 0) return "the live tests make network namespaces and need root";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "this kernel exposes no BTF";
  return true;
}
