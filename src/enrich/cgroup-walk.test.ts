import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cgroupInode, walkCgroups } from "./cgroup-walk.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroup-walk-"));
  mkdirSync(join(root, "a/b/c"), { recursive: true });
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "a/cgroup.procs"), "");
  symlinkSync(root, join(root, "d/loop"));
});

afterEach(() => rmSync(root, { recursive: true }));

const inode = (path: string) => statSync(join(root, path)).ino;

describe("walkCgroups", () => {
  it("maps the inode of every directory to its path and follows no link", () => {
    const { paths, truncated } = walkCgroups(root, 100);
    expect([...paths.entries()].sort()).toEqual(
      [
        [inode("/"), "/"],
        [inode("/a"), "/a"],
        [inode("/d"), "/d"],
        [inode("/a/b"), "/a/b"],
        [inode("/a/b/c"), "/a/b/c"],
      ].sort(),
    );
    expect(truncated).toBe(false);
  });

  it("stops at its bound, the outermost directories first, and says so", () => {
    const { paths, truncated } = walkCgroups(root, 3);
    expect([...paths.values()].sort()).toEqual(["/", "/a", "/d"]);
    expect(truncated).toBe(true);
  });

  it("is not truncated by a bound that is just enough", () => {
    expect(walkCgroups(root, 5)).toMatchObject({ truncated: false });
    expect(walkCgroups(root, 4)).toMatchObject({ truncated: true });
  });

  it("finds nothing where there is nothing", () => {
    expect(walkCgroups(join(root, "missing"), 10).paths.size).toBe(0);
    expect(walkCgroups(join(root, "a/cgroup.procs"), 10).paths.size).toBe(0);
    expect(walkCgroups(join(root, "a/cgroup.procs/x"), 10).paths.size).toBe(0);
  });
});

describe("cgroupInode", () => {
  it("is the directory's inode", () => {
    expect(cgroupInode(root, "/a/b")).toBe(inode("/a/b"));
    expect(cgroupInode(root, "/a/x")).toBeUndefined();
  });

  it("refuses a path outside the cgroup namespace", () => {
    expect(cgroupInode(join(root, "a"), "/../d")).toBeUndefined();
  });
});
