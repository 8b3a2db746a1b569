/** Addresses of records: their text, and the two questions that decide whether one means this host. */

export { formatIpv4, formatIpv6 } from "../model/address-text.ts";

/** Addresses that mean "this host, in this network namespace" wherever they are seen. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** The address of a socket that is bound to none: names no endpoint. */
export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
