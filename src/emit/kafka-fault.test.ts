import { describe, expect, it } from "vitest";
import { explainKafkaError } from "./kafka-fault.ts";

/** An error as kafkajs throws it: its own classes tell themselves apart by properties. */
function kafkaError(message: string, properties: Record<string, unknown>): Error {
  return Object.assign(new Error(message), properties);
}

function protocolError(type: string, retriable: boolean): Error {
  return kafkaError(`about ${type}`, { name: "KafkaJSProtocolError", type, retriable });
}

describe("a failed send", () => {
  it.each([
    ["ECONNREFUSED", kafkaError("connect ECONNREFUSED 127.0.0.1:1", { code: "ECONNREFUSED" })],
    ["a request without answer", kafkaError("timed out", { name: "KafkaJSRequestTimeoutError" })],
    ["a partition without leader", protocolError("LEADER_NOT_AVAILABLE", true)],
    ["a topic not there yet", protocolError("UNKNOWN_TOPIC_OR_PARTITION", true)],
    ["a forgotten producer", protocolError("UNKNOWN_PRODUCER_ID", false)],
    ["a sequence out of order", protocolError("OUT_OF_ORDER_SEQUENCE_NUMBER", false)],
    ["something that is no error", "text"],
  ])("because of %s is tried again", (_, error) => {
    expect(explainKafkaError(error).transient).toBe(true);
  });

  it.each([
    [
      "an unknown authority",
      kafkaError("self-signed", { code: "SELF_SIGNED_CERT_IN_CHAIN" }),
      "bus.tls.ca_file",
    ],
    ["another name", kafkaError("no", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "bus.brokers"],
    ["an alert", kafkaError("alert", { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" }), "TLS with the"],
    ["a wrong password", kafkaError("no", { name: "KafkaJSSASLAuthenticationError" }), "bus.sasl"],
    ["a missing right", protocolError("TOPIC_AUTHORIZATION_FAILED", false), "grant this agent"],
    ["a message too large", protocolError("MESSAGE_TOO_LARGE", false), "the broker refused it"],
  ])("because of %s is not tried again, and says what to do", (_, error, advice) => {
    const fault = explainKafkaError(error);
    expect(fault.transient).toBe(false);
    expect(fault.line).toContain(advice);
  });

  it("is explained by its first cause, in one line", () => {
    const cause = protocolError("MESSAGE_TOO_LARGE", false);
    cause.message = "too\n  large";
    const wrapped = new Error("retries exceeded", { cause: new Error("again", { cause }) });
    expect(explainKafkaError(wrapped)).toEqual({
      transient: false,
      line: "the broker refused it: too large",
    });
  });

  it("with causes in a circle is explained all the same", () => {
    const circle = new Error("round");
    circle.cause = circle;
    expect(explainKafkaError(circle)).toEqual({ transient: true, line: "round" });
  });
});
