/**
 * Where a batch goes on the bus: the topic, and the key that chooses its partition.
 *
 * The key holds one tenant's hosts in 16 lanes, so that the batches of one host stay in order and
 * no reader needs as many partitions as there are hosts.
 */

import { AgentError } from "../model/errors.ts";

const NAMESPACE = /^[a-z0-9][a-z0-9-]{0,62}$/;
const LANES = "abcdefghijklmnop";

/**
 * `probectl.ebpf.flows`, or `probectl.<namespace>.ebpf.flows`; "" is no namespace.
 * Throws CONFIG_INVALID when the namespace is malformed: never falls back to the shared topic.
 */
export function flowTopic(namespace: string): string {
  if (namespace === "") return "probectl.ebpf.flows";
  if (!NAMESPACE.test(namespace)) {
    throw new AgentError(
      "CONFIG_INVALID",
      `bus.namespace ${JSON.stringify(namespace)} is malformed: use 1 to 63 of a-z, 0-9 and "-", beginning with a letter or digit`,
    );
  }
  return `probectl.${namespace}.ebpf.flows`;
}

/** `<tenant>|b<lane>`, the lane being one letter of a..p chosen by the agent id. */
export function messageKey(tenantId: string, agentId: string): string {
  return `${tenantId}|b${LANES.charAt(fnv1a32(agentId) % LANES.length)}`;
}

/** FNV-1a of the UTF-8 bytes with the 32-bit offset basis and prime of its authors. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
