import { describe, expect, it } from "vitest";
import type { LogConfig } from "./config.ts";
import { createLogger, type Logger } from "./log.ts";

function lines(config: LogConfig, write: (log: Logger) => void): string[] {
  const written: string[] = [];
  write(createLogger(config, { write: (line: string) => written.push(line) }));
  return written;
}

describe("createLogger", () => {
  it("writes JSON with a level word and an ISO time", () => {
    const [line = ""] = lines({ level: "info", format: "json" }, (log) => {
      log.info({ observed_total: 3 }, "flush");
    });
    expect(line.endsWith("\n")).toBe(true);
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect(rest).toEqual({ level: "info", observed_total: 3, msg: "flush" });
    expect(new Date(String(time)).toISOString()).toBe(time);
  });

  it("writes text as time, level, message and facts", () => {
    const [line] = lines({ level: "info", format: "text" }, (log) => {
      log.warn({ mode: "live", reason: "two words", edges: 3, ok: true }, "flush done");
    });
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}flush done mode=live reason="two words" edges=3 ok=true\n$/,
    );
  });

  it("keeps to its level", () => {
    const written = lines({ level: "warn", format: "text" }, (log) => {
      log.debug("a");
      log.info("b");
      log.warn("c");
      log.error("d");
    });
    expect(written.map((line) => line.slice(13, 20))).toEqual(["WARN  c", "ERROR d"]);
  });

  it("keeps text on one line and free of terminal codes", () => {
    const [line] = lines({ level: "info", format: "text" }, (log) => {
      log.info({ name: "a\nb\u001b[2J\u009b" }, "x\ny");
    });
    expect(line?.slice(13)).toBe('INFO  "x\\ny" name="a\\nb\\u001b[2J\\u009b"\n');
  });

  it("tells an error by its message in text, and with its stack in JSON", () => {
    const write = (log: Logger): void => log.error({ err: new Error("no such thing") }, "failed");
    expect(lines({ level: "info", format: "text" }, write)[0]?.slice(13)).toBe(
      'ERROR failed err="no such thing"\n',
    );
    expect(JSON.parse(lines({ level: "info", format: "json" }, write)[0] ?? "").err).toMatchObject({
      message: "no such thing",
      stack: expect.stringContaining("log.test.ts"),
    });
  });
});
