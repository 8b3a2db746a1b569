/**
 * What a failed send means: whether waiting can mend it, and one line for the operator.
 * Codes are those of Node's TLS (OpenSSL verification) and of the Kafka protocol as kafkajs names
 * them.
 */

export interface KafkaFault {
  /** False: sending the same again cannot succeed before somebody changes something. */
  transient: boolean;
  /** One line: what happened and what to do. Never a secret. */
  line: string;
}

/** The broker lost track of our producer; a fresh one, which the next attempt has, mends that. */
const PRODUCER_STATE: ReadonlySet<string> = new Set([
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "DUPLICATE_SEQUENCE_NUMBER",
  "INVALID_PRODUCER_EPOCH",
  "UNKNOWN_PRODUCER_ID",
]);

const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** Bound on a chain of causes. */
const CAUSES_MAX = 8;

export function explainKafkaError(error: unknown): KafkaFault {
  const root = rootCause(error);
  const line = oneLine(root.message);
  const code = property(root, "code");
  const type = property(root, "type");
  if (typeof code === "string" && TLS_CODE.test(code)) {
    return {
      transient: false,
      line: `TLS with the broker failed: ${line} (${code}); check bus.tls.ca_file, and that the broker's certificate names the host in bus.brokers`,
    };
  }
  if (/SASL/i.test(root.name) || (typeof type === "string" && /SASL/.test(type))) {
    return {
      transient: false,
      line: `the broker refused the login: ${line}; check bus.sasl.mechanism, user and password`,
    };
  }
  if (typeof type === "string" && type.endsWith("AUTHORIZATION_FAILED")) {
    return {
      transient: false,
      line: `the broker does not allow it: ${line}; grant this agent WRITE on the topic and IDEMPOTENT_WRITE on the cluster`,
    };
  }
  const refused =
    root.name === "KafkaJSProtocolError" &&
    property(root, "retriable") === false &&
    !(typeof type === "string" && PRODUCER_STATE.has(type));
  return { transient: !refused, line: refused ? `the broker refused it: ${line}` : line };
}

function rootCause(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error));
  for (let depth = 0; depth < CAUSES_MAX && root.cause instanceof Error; depth++) {
    root = root.cause;
  }
  return root;
}

function property(error: Error, name: "code" | "type" | "retriable"): unknown {
  return Reflect.get(error, name);
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, " ").trim();
}
