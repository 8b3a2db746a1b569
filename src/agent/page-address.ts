/** The address of the live page: `HOST:PORT` with a loopback host, or a refusal in one line. */

import { BlockList, isIPv4 } from "node:net";
import { AgentError } from "../model/errors.ts";

export interface LoopbackAddress {
  /** Numeric address to bind; never a name, so that no resolver decides what is exposed. */
  readonly host: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
}

const LOOPBACK_IPV4 = new BlockList();
LOOPBACK_IPV4.addSubnet("127.0.0.0", 8, "ipv4");

/**
 * Accepts `127.x.y.z:port`, `[::1]:port` and `localhost:port` (bound to 127.0.0.1).
 * @throws AgentError CONFIG_INVALID for anything else.
 */
export function parseLoopbackAddress(address: string): LoopbackAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? "";
  if (match === null || port > 65535) {
    throw invalid(address, "is not HOST:PORT; use for example 127.0.0.1:8612");
  }
  // An IPv6 address needs its brackets, nothing else may have them.
  if (match[1] !== undefined) {
    if (host === "::1") return { host, port };
  } else if (host === "localhost") {
    return { host: "127.0.0.1", port };
  } else if (isIPv4(host) && LOOPBACK_IPV4.check(host, "ipv4")) {
    return { host, port };
  }
  throw invalid(address, "is outside loopback; the page binds to 127.0.0.1, [::1] or localhost");
}

function invalid(address: string, problem: string): AgentError {
  return new AgentError("CONFIG_INVALID", `ui_addr: ${JSON.stringify(address)} ${problem}`);
}
