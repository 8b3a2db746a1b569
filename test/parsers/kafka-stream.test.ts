/** Kafka connections: how they are told from others, what survives of them, and SASL. */

import { describe, expect, it } from "vitest";
import { findInMemory, hex, newParsers, stream, summaries } from "./harness.ts";
import {
  API_VERSIONS,
  API_VERSIONS_ANSWER,
  CLIENT,
  heartbeat,
  PORT,
  produce,
  produced,
  request,
  response,
  run,
  text,
  WARM_UP,
} from "./kafka-bytes.ts";

describe("detection", () => {
  it("waits for the client when the server speaks first", () => {
    const { calls } = run([response(9, "0000 00000000"), API_VERSIONS, API_VERSIONS_ANSWER]);
    expect(summaries(calls)).toEqual(["ApiVersions  0"]);
  });

  it("finds the client on the side that is taken for the server", () => {
    const swapped = [{ server: API_VERSIONS.client }, { client: API_VERSIONS_ANSWER.server }];
    const { calls } = run(swapped);
    expect(calls).toMatchObject([{ method: "ApiVersions", destination: { port: 40_000 } }]);
  });

  it.each([
    ["a key that is none", hex(`00000010 0159 0000 00000001 ${CLIENT} 00`)],
    ["a version that is none", hex(`00000010 0003 0044 00000001 ${CLIENT} 00`)],
    ["a client id beyond the message", hex("0000000c 0003 0001 00000001 0003 6170 70 00")],
    ["a client id of controls", hex("00000011 0003 0001 00000001 0003 010203 00000000")],
    ["a body that ends early", hex("0000000c 0003 0001 00000001 ffff 0000")],
    ["a body that goes on", hex("00000010 0003 0001 00000001 ffff 00000000 0000")],
  ])("withdraws %s", (_, bytes) => {
    const parsers = newParsers();
    const { calls, redacted } = stream(
      parsers,
      [{ client: bytes }, { client: "and more, all of which dies".repeat(10) }],
      PORT,
    );
    expect(calls).toEqual([]);
    expect(redacted.join("").replaceAll("~", "").length).toBeLessThan(13);
  });

  it("takes zeros and small numbers for no call", () => {
    const connect = hex(`0000002d 00000000 0000000000000000 00007530 ${"00".repeat(8)} 00000010
      ${"00".repeat(16)} 00`);
    const connected = hex(
      `00000025 00000000 00007530 ${"11".repeat(8)} 00000010 ${"22".repeat(17)}`,
    );
    expect(run([{ client: connect }, { server: connected }]).calls).toEqual([]);
    expect(run([{ client: connect.slice(0, 30) }]).calls).toEqual([]);
  });
});

describe("redaction", () => {
  it("keeps sizes, keys, versions, correlation ids, topics and errors", () => {
    const record = Buffer.from("a record").toString("hex");
    const steps = [
      produce(0x01020304, "orders", "0001", record),
      produced(0x01020304, "orders", "0006"),
    ];
    const { redacted } = run([...WARM_UP, ...steps]);
    const [sent, got] = redacted.slice(2);
    expect(sent).toBe(
      `~~~5~~~\u0003\u0001\u0002\u0003\u0004${"~".repeat(5 + 8 + 4 + 2)}orders${"~".repeat(20)}`,
    );
    expect(got).toBe(
      `~~~.\u0001\u0002\u0003\u0004${"~".repeat(6)}orders${"~".repeat(8)}~\u0006${"~".repeat(20)}`,
    );
  });

  it("keeps the legal beginning of what is no topic, whatever the chunks", () => {
    const steps = [...WARM_UP, request(3, 1, 2, `00000001 ${text("legal to here")}`)];
    for (const pieces of [undefined, 1, 4]) {
      expect(run(steps, pieces).redacted[2]).toMatch(/~legal~{8}$/);
    }
  });

  it("of the mode full changes nothing", () => {
    const steps = [...WARM_UP, produce(2, "orders", "0001"), produced(2, "orders")];
    const { redacted, calls } = stream(newParsers({ redaction: "full" }), steps, PORT);
    expect(summaries(calls)[1]).toBe("Produce orders 0");
    expect(redacted[2]).toContain("app");
  });
});

describe("SASL", () => {
  const PASSWORD = "hunter2-hunter2";
  const handshake = [
    request(17, 0, 2, text("PLAIN")),
    response(2, `0000 00000001 ${text("PLAIN")}`),
  ];
  const token = (content: string): Uint8Array => {
    const bytes = Buffer.alloc(4 + content.length);
    bytes.writeInt32BE(content.length);
    bytes.write(content, 4, "latin1");
    return bytes;
  };

  it.each([
    ["PLAIN", [{ client: token(`\0user\0${PASSWORD}`) }, { server: token("") }]],
    ["a short user", [{ client: token(`\0A\0${PASSWORD}`) }, { server: token("") }]],
    [
      "SCRAM",
      [
        { client: token(`n,,n=user,r=${PASSWORD}`) },
        { server: token(`r=${PASSWORD},s=c2FsdA==,i=4096`) },
        { client: token(`c=biws,r=${PASSWORD},p=${PASSWORD}`) },
        { server: token(`v=${PASSWORD}`) },
      ],
    ],
    ["an empty token", [{ client: token("") }, { server: token("") }]],
  ])("tokens without a header die: %s", (_, tokens) => {
    const after = [heartbeat(3), response(3, "0019")];
    for (const pieces of [undefined, 1, 3]) {
      const parsers = newParsers();
      const steps = [...WARM_UP, ...handshake, ...tokens, ...after];
      const { calls, redacted } = stream(parsers, steps, { ...PORT, ...(pieces && { pieces }) });
      expect(summaries(calls)).toEqual(["ApiVersions  0", "SaslHandshake  0", "Heartbeat  25"]);
      expect(redacted.join("")).not.toContain(PASSWORD.slice(0, 4));
      expect(findInMemory(parsers, PASSWORD.slice(0, 6))).toBe(-1);
    }
  });

  it("in messages dies as a field", () => {
    const bytes = `0000000f ${Buffer.from(PASSWORD).toString("hex")}`;
    const parsers = newParsers();
    const { calls, redacted } = stream(
      parsers,
      [
        request(17, 1, 2, text("PLAIN")),
        response(2, `0000 00000001 ${text("PLAIN")}`),
        request(36, 0, 3, bytes),
        response(3, `003a ${text("no")} ${bytes}`),
      ],
      PORT,
    );
    expect(summaries(calls)).toEqual(["SaslHandshake  0", "SaslAuthenticate  58"]);
    expect(redacted.join("")).not.toContain("hunt");
    expect(findInMemory(parsers, "hunter")).toBe(-1);
  });
});
