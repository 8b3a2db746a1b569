import { describe, expect, it } from "vitest";
import { fakeHost } from "../../test/support/fake-host.ts";
import type { InspectRequest } from "../agent/inspect.ts";
import { runCli } from "./program.ts";

async function inspect(...args: string[]) {
  const outcome: { code: number; stderr: string; request: InspectRequest | undefined } = {
    code: -1,
    stderr: "",
    request: undefined,
  };
  outcome.code = await runCli(["inspect", ...args], {
    version: "1.2.3",
    host: fakeHost(),
    stdout: { write: () => undefined },
    stderr: {
      write: (text) => {
        outcome.stderr += text;
      },
    },
    runAgent: () => Promise.reject(new Error("the agent was run")),
    probeHost: () => Promise.reject(new Error("the host was probed")),
    inspectFiles: async (request) => {
      outcome.request = request;
    },
  });
  return outcome;
}

describe("inspect", () => {
  it("reads files as a table, redacted, by default", async () => {
    expect(await inspect("a.pcap", "b.pcapng.gz")).toEqual({
      code: 0,
      stderr: "",
      request: {
        files: ["a.pcap", "b.pcapng.gz"],
        format: "table",
        redaction: "headers",
        resource: "full",
        decodeAs: new Map(),
      },
    });
  });

  it("takes its options before and after the files", async () => {
    const { request } = await inspect(
      ...["--format", "ndjson", "a.pcap", "--redaction=length", "--resource", "off"],
      ...["--decode-as", "8080=http", "--decode-as", "50051=grpc", "--decode-as", "8080=kafka"],
    );
    expect(request).toMatchObject({ format: "ndjson", redaction: "length", resource: "off" });
    expect([...(request?.decodeAs ?? [])]).toEqual([
      [8080, "kafka"],
      [50051, "http2"],
    ]);
  });

  it.each([
    [[], /missing required argument 'FILE'/],
    [["a", "--format", "xml"], /'xml' is invalid.*table, ndjson/],
    [["a", "--redaction", "none"], /headers, length, full/],
    [["a", "--decode-as", "80=ssh"], /one of http, .*8080=http2/],
    [["a", "--decode-as", "65536=dns"], /give a port/],
    [["a", "--decode-as", "dns"], /give a port/],
    [["a", "--tenant-id", "x"], /inspect reads no configuration: remove --tenant-id/],
    [["a", "--bogus"], /unknown option '--bogus'/],
  ])("refuses %j in one line", async (args, line) => {
    const { code, stderr, request } = await inspect(...args);
    expect([code, request]).toEqual([2, undefined]);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
