/**
 * The transport policy of the Kafka bus: TLS 1.2 or later with verification that nothing can
 * switch off, or plaintext that the operator asked for by name. The configuration was checked
 * as a whole before; that nothing travels in the clear is refused here again.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import { AgentError, reasonOf } from "../model/errors.ts";

export interface TlsOptions {
  enabled: boolean;
  /** PEM file with the authorities to trust, "" for those Node.js ships with. */
  caFile: string;
  /** PEM files of the client certificate and its key: both, or "" for neither. */
  certFile: string;
  keyFile: string;
}

/**
 * What to hand to `tls.connect`, or undefined for plaintext that is allowed. Reads the files.
 * Throws CONFIG_INVALID when plaintext is not allowed, or when a file is missing, unreadable, not
 * PEM, or the key is not the certificate's.
 */
export function transportSecurity(
  tls: TlsOptions,
  allowPlaintext: boolean,
): ConnectionOptions | undefined {
  if (!tls.enabled) {
    if (allowPlaintext) return undefined;
    throw invalid(
      "bus.tls.enabled is false: enable TLS to the broker (or set bus.allow_plaintext for development)",
    );
  }
  const options: ConnectionOptions = { minVersion: "TLSv1.2", rejectUnauthorized: true };
  if (tls.caFile !== "") options.ca = readPem("bus.tls.ca_file", tls.caFile, asCertificate);
  if (tls.certFile !== "") {
    options.cert = readPem("bus.tls.cert_file", tls.certFile, asCertificate);
    options.key = readPem("bus.tls.key_file", tls.keyFile, createPrivateKey);
  }
  try {
    createSecureContext(options);
  } catch (error) {
    throw invalid(`bus.tls.cert_file and bus.tls.key_file do not match: ${reasonOf(error)}`, error);
  }
  return options;
}

function asCertificate(pem: string): void {
  // createSecureContext takes a text without any certificate silently.
  new X509Certificate(pem);
}

function readPem(key: string, path: string, parse: (pem: string) => void): string {
  try {
    const pem = readFileSync(path, "utf8");
    parse(pem);
    return pem;
  } catch (error) {
    throw invalid(
      `${key} ${path} cannot be used: ${reasonOf(error)}; name a readable PEM file`,
      error,
    );
  }
}

function invalid(message: string, cause?: unknown): AgentError {
  return new AgentError("CONFIG_INVALID", message, {}, cause);
}
