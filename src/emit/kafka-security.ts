/**
 * The transport policy of the Kafka bus: TLS 1.2 or later with verification that nothing can
 * switch off, or plaintext that the operator asked for by name.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import type { SASLOptions } from "kafkajs";
import { AgentError } from "../model/errors.ts";

export interface TlsOptions {
  enabled: boolean;
  /** PEM file with the authorities to trust, "" for those Node.js ships with. */
  caFile: string;
  /** PEM files of the client certificate and its key: both or neither. */
  certFile: string;
  keyFile: string;
}

export interface SaslOptions {
  mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  user: string;
  password: string;
}

/** `host:port`; kafkajs cannot take an IPv6 literal. */
const BROKER = /^[^\s:/[\]]+:([1-9][0-9]{0,4})$/;

/** Throws CONFIG_INVALID unless there is at least one broker and each is `host:port`. */
export function checkBrokers(brokers: readonly string[]): void {
  if (brokers.length === 0) throw invalid("bus.brokers is empty: name at least one host:port");
  for (const broker of brokers) {
    const port = Number(BROKER.exec(broker)?.[1]);
    if (!(port <= 65535)) {
      throw invalid(
        `bus.brokers entry ${JSON.stringify(broker)} is not host:port (an IPv6 address needs a host name)`,
      );
    }
  }
}

/** The login as kafkajs takes it. Throws CONFIG_INVALID when a credential is missing. */
export function login(sasl: SaslOptions): SASLOptions {
  const { mechanism, user: username, password } = sasl;
  if (username === "" || password === "") {
    throw invalid(`bus.sasl.mechanism ${mechanism} needs bus.sasl.user and bus.sasl.password`);
  }
  switch (mechanism) {
    case "plain":
      return { mechanism, username, password };
    case "scram-sha-256":
      return { mechanism, username, password };
    case "scram-sha-512":
      return { mechanism, username, password };
  }
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
  if ((tls.certFile === "") !== (tls.keyFile === "")) {
    throw invalid("bus.tls.cert_file and bus.tls.key_file go together: set both or neither");
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
    throw invalid(`bus.tls.cert_file and bus.tls.key_file do not match: ${reason(error)}`, error);
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
      `${key} ${path} cannot be used: ${reason(error)}; name a readable PEM file`,
      error,
    );
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function invalid(message: string, cause?: unknown): AgentError {
  return new AgentError("CONFIG_INVALID", message, {}, cause);
}
