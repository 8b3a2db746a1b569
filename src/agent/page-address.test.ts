import { describe, expect, it } from "vitest";
import { AgentError } from "../model/errors.ts";
import { parseLoopbackAddress } from "./page-address.ts";

describe("parseLoopbackAddress", () => {
  it.each([
    ["127.0.0.1:8612", { host: "127.0.0.1", port: 8612 }],
    ["127.8.9.10:0", { host: "127.8.9.10", port: 0 }],
    ["[::1]:65535", { host: "::1", port: 65535 }],
    ["localhost:80", { host: "127.0.0.1", port: 80 }],
  ])("accepts %s", (address, expected) => {
    expect(parseLoopbackAddress(address)).toEqual(expected);
  });

  it.each([
    "0.0.0.0:8612",
    "[::]:8612",
    "192.0.2.1:8612",
    "128.0.0.1:8612",
    "[::ffff:127.0.0.1]:8612",
    "[127.0.0.1]:8612",
    "[localhost]:8612",
    "::1:8612",
    "127.1:8612",
    "0177.0.0.1:8612",
    "localhost.example.com:8612",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:80\n",
    ":8612",
    "8612",
    "",
  ])("refuses %j in one line that names the key", (address) => {
    const error = failureOf(() => parseLoopbackAddress(address));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toMatch(/^ui_addr: [^\n]+127\.0\.0\.1[^\n]*$/);
  });
});

function failureOf(run: () => unknown): AgentError {
  try {
    run();
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
