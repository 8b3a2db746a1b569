/**
 * What the records themselves teach about this host: which addresses are its own, and which
 * workload serves which of its endpoints. The host's network configuration is never read, so
 * containers in namespaces of their own are covered alike.
 *
 * Bounds: ADDRESSES_MAX local addresses and ENDPOINTS_MAX endpoints. Beyond them the address
 * learned first is forgotten, with its endpoints; it is learned again from its next record,
 * and until then its edges carry the address in place of the name.
 */

import type { NetworkTransport } from "../model/flow.ts";
import { isLoopback, isUnspecified } from "./address.ts";

const ADDRESSES_MAX = 4096;
const ENDPOINTS_MAX = 65_536;

/**
 * A port of an address as one number. Network namespaces tell apart only loopback addresses:
 * any other one is taken to mean one place on this host, so that addresses used again in
 * several namespaces share their names.
 */
export type PortKey = number;

export function portKey(
  address: string,
  netns: number,
  port: number,
  transport: NetworkTransport,
): PortKey {
  const namespace = isLoopback(address) ? netns : 0;
  return (namespace * 0x1_0000 + port) * 2 + (transport === "udp" ? 1 : 0);
}

export class EndpointRegistry {
  readonly #local = new Set<string>();
  readonly #workloads = new Map<string, Map<PortKey, string>>();
  #endpoints = 0;

  /** A socket of this host uses `address` as its own. */
  learnLocal(address: string): void {
    if (this.#local.has(address) || isUnspecified(address) || isLoopback(address)) {
      return;
    }
    this.#local.add(address);
    if (this.#local.size > ADDRESSES_MAX) {
      for (const first of this.#local) {
        this.#local.delete(first);
        return;
      }
    }
  }

  /** True for every loopback address and every address a local socket was seen with. */
  isLocal(address: string): boolean {
    return this.#local.has(address) || isLoopback(address);
  }

  /** `workload` was seen serving the endpoint; the latest one named holds. */
  learnServer(address: string, key: PortKey, workload: string): void {
    if (workload === "" || isUnspecified(address)) {
      return;
    }
    let ports = this.#workloads.get(address);
    if (ports === undefined) {
      ports = new Map();
      this.#workloads.set(address, ports);
    }
    const previous = ports.get(key);
    if (previous === workload) {
      return;
    }
    ports.set(key, workload);
    if (previous === undefined) {
      this.#endpoints++;
      this.#makeRoom();
    }
  }

  /** The workload that serves the endpoint, undefined when none was seen here. */
  serverOf(address: string, key: PortKey): string | undefined {
    return this.#workloads.get(address)?.get(key);
  }

  #makeRoom(): void {
    if (this.#endpoints <= ENDPOINTS_MAX) {
      return;
    }
    for (const [address, ports] of this.#workloads) {
      this.#workloads.delete(address);
      this.#endpoints -= ports.size;
      return;
    }
  }
}
