/**
 * The rules of the bus that span several keys: what a mode needs, and the transport policy
 * (nothing leaves the host over a network in the clear unless the operator said so).
 */

import type { HostAccess } from "./host.ts";
import { keyProblem, type Problem, quoted } from "./problem.ts";
import type { Values } from "./settings.ts";

/** Every fault of the bus keys together, given that each parsed. */
export function busProblems(values: Values, host: HostAccess): Problem[] {
  const mode = values["bus.mode"];
  if (mode === "otlp") {
    return [
      keyProblem("bus.mode", "otlp is not available in this version: use kafka, file or memory"),
    ];
  }
  if (mode === "file") return fileProblems(values);
  return mode === "kafka"
    ? [...kafkaProblems(values), ...tlsProblems(values, host), ...saslProblems(values)]
    : [];
}

/** What the operator should hear at every start, though it is allowed. */
export function busWarnings(values: Values): string[] {
  if (values["bus.mode"] !== "kafka" || values["bus.tls.enabled"]) return [];
  const credentials =
    values["bus.sasl.mechanism"] === "" ? "" : ", and so does the SASL password or its proof";
  return [
    `bus.allow_plaintext is on: everything published crosses the network in the clear${credentials}; development only`,
  ];
}

function fileProblems(values: Values): Problem[] {
  return values["bus.path"] === ""
    ? [keyProblem("bus.path", "is empty: name a file, or - for standard output")]
    : [];
}

function kafkaProblems(values: Values): Problem[] {
  return values["bus.brokers"].length === 0
    ? [
        keyProblem(
          "bus.brokers",
          "is required for bus.mode kafka: set it such as kafka.example:9093",
        ),
      ]
    : [];
}

const TLS_FILES = ["bus.tls.ca_file", "bus.tls.cert_file", "bus.tls.key_file"] as const;

function tlsProblems(values: Values, host: HostAccess): Problem[] {
  if (!values["bus.tls.enabled"]) return withoutTlsProblems(values);
  const problems: Problem[] = [];
  if ((values["bus.tls.cert_file"] === "") !== (values["bus.tls.key_file"] === "")) {
    const missing = values["bus.tls.cert_file"] === "" ? TLS_FILES[1] : TLS_FILES[2];
    problems.push(
      keyProblem(missing, "is missing: set cert_file and key_file together or neither"),
    );
  }
  for (const key of TLS_FILES) {
    const fault = values[key] === "" ? "" : host.readFault(values[key]);
    if (fault === "") continue;
    const line = `${quoted(values[key])} cannot be read (${fault}): name a file the agent may read`;
    problems.push(keyProblem(key, line));
  }
  return problems;
}

function withoutTlsProblems(values: Values): Problem[] {
  const problems: Problem[] = [];
  if (!values["bus.allow_plaintext"]) {
    const fix = "set it to true, or for development bus.allow_plaintext";
    problems.push(
      keyProblem("bus.tls.enabled", `is false, and kafka without TLS is refused: ${fix}`),
    );
  }
  for (const key of TLS_FILES) {
    if (values[key] === "") continue;
    problems.push(keyProblem(key, "is set but bus.tls.enabled is false: enable TLS or unset it"));
  }
  return problems;
}

const CREDENTIALS = ["bus.sasl.user", "bus.sasl.password"] as const;

function saslProblems(values: Values): Problem[] {
  if (values["bus.sasl.mechanism"] !== "") {
    return CREDENTIALS.filter((key) => values[key] === "").map((key) =>
      keyProblem(key, "is required with bus.sasl.mechanism: set it, or unset the mechanism"),
    );
  }
  return CREDENTIALS.filter((key) => values[key] !== "").map((key) =>
    keyProblem(key, "is set without bus.sasl.mechanism: set the mechanism, or unset it"),
  );
}
