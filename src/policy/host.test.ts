import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { judgeCgroup, systemHost } from "./host.ts";

const host = systemHost();
const directory = mkdtempSync(join(tmpdir(), "policy-"));
const file = join(directory, "a.txt");
writeFileSync(file, "hello");
mkdirSync(join(directory, "sub"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("systemHost", () => {
  it("reads a file within its bound, and tells why not otherwise", () => {
    expect(host.readText(file, 5)).toEqual({ text: "hello" });
    expect(host.readText(file, 4)).toEqual({
      fault: "it is larger than 4 bytes",
      absent: false,
    });
    expect(host.readText("/dev/zero", 1000)).toHaveProperty("fault");
    expect(host.readText(join(directory, "no"), 5)).toEqual({ fault: "ENOENT", absent: true });
    expect(host.readText(directory, 1 << 20)).toEqual({ fault: "EISDIR", absent: false });
  });

  it("tells whether a file can be read", () => {
    expect(host.readFault(file)).toBe("");
    expect(host.readFault(join(directory, "no"))).toBe("ENOENT");
    expect(host.readFault(join(directory, "sub"))).toBe("it is not a regular file");
  });

  it("takes no other directory for a cgroup", () => {
    expect(host.cgroup(directory)).toBe("not-a-cgroup");
    expect(host.cgroup(file)).toBe("not-a-cgroup");
    expect(host.cgroup(join(directory, "no"))).toBe("missing");
  });

  it("takes no root of a hierarchy for a group, be it v1, v2 or both", () => {
    const places = ["", "/unified", "/systemd", "/memory", "/cpu"];
    const verdicts = places.map((place) => host.cgroup(`/sys/fs/cgroup${place}`));
    expect(verdicts).not.toContain("group");
  });
});

describe("judgeCgroup", () => {
  const group = { isDirectory: true, fileSystem: 0x63677270, inode: 25, isMountPoint: false };

  it("takes a directory below the root of either version", () => {
    expect(judgeCgroup(group)).toBe("group");
    expect(judgeCgroup({ ...group, fileSystem: 0x27e0eb })).toBe("group");
  });

  it("refuses roots, whether bound elsewhere or seen from a namespace, and other places", () => {
    expect(judgeCgroup({ ...group, inode: 1 })).toBe("hierarchy-root");
    expect(judgeCgroup({ ...group, isMountPoint: true })).toBe("hierarchy-root");
    expect(judgeCgroup({ ...group, isDirectory: false })).toBe("not-a-cgroup");
    expect(judgeCgroup({ ...group, fileSystem: 0xef53 })).toBe("not-a-cgroup");
  });
});
