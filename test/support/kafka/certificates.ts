/** Certificates for one test run, made with openssl and valid for two days. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Authority {
  /** PEM certificate, to be trusted. */
  certFile: string;
  keyFile: string;
}

export interface Certificate {
  certFile: string;
  keyFile: string;
  /** Key, certificate and authority in one PEM file, as a Java broker reads them. */
  bundleFile: string;
}

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

/** True, or why certificates cannot be made. */
export function opensslAvailable(): true | string {
  const { status } = spawnSync("openssl", ["version"], { timeout: 10_000 });
  return status === 0 ? true : "openssl is not installed";
}

/** A private authority called `name`; its files are in `folder`. */
export function createAuthority(folder: string, name: string): Authority {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const files = ["-keyout", keyFile, "-out", certFile];
  openssl(["req", "-x509", ...EC_KEY, ...files, "-subj", `/CN=${name}`]);
  return { certFile, keyFile };
}

/** A certificate of `authority` for `subjectAltName`, such as `DNS:localhost,IP:127.0.0.1`. */
export function issueCertificate(
  folder: string,
  authority: Authority,
  name: string,
  subjectAltName: string,
): Certificate {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const bundleFile = join(folder, `${name}.pem`);
  openssl([
    ...["req", "-x509", "-CA", authority.certFile, "-CAkey", authority.keyFile, ...EC_KEY],
    ...["-keyout", keyFile, "-out", certFile, "-subj", `/CN=${name}`],
    ...["-addext", `subjectAltName=${subjectAltName}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  const parts = [keyFile, certFile, authority.certFile].map((file) => readFileSync(file, "utf8"));
  writeFileSync(bundleFile, parts.join(""), { mode: 0o600 });
  return { certFile, keyFile, bundleFile };
}

function openssl(args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"], timeout: 30_000 });
}
