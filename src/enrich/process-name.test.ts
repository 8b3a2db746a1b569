import { describe, expect, it } from "vitest";
import { processName } from "./process-name.ts";

describe("processName", () => {
  it.each([
    ["nginx", "nginx"],
    ["(sd-pam)", "(sd-pam)"],
    ["kworker/0:1-eve", "kworker/0:1-eve"],
    ["Web Content", "Web Content"],
    ["café", "café"],
    ["日本語", "日本語"],
    ["", ""],
  ])("keeps %j", (comm, expected) => {
    expect(processName(comm)).toBe(expected);
  });

  it.each([
    ["line\nfeed", "line?feed"],
    ["\u001b[31mred", "?[31mred"],
    ["nul\0here", "nul?here"],
    ["del\x7f", "del?"],
    ["c1\u009b2J", "c1?2J"],
    ["rtl\u202eexe", "rtl?exe"],
    ["zero\u200bwidth", "zero?width"],
    ["para\u2029graph", "para?graph"],
    ["bad\uFFFDutf8", "bad?utf8"],
    ["lone\ud800", "lone?"],
  ])("replaces what is not printable in %j", (comm, expected) => {
    expect(processName(comm)).toBe(expected);
  });

  it("cuts at 15 bytes, never inside a character", () => {
    expect(processName("kworker/u8:3-events_unbound")).toBe("kworker/u8:3-ev");
    expect(processName("日本語日本語日本語")).toBe("日本語日本");
    expect(processName("abcdefghijklmné")).toBe("abcdefghijklmn");
  });
});
