/**
 * System packages: what the live build and the tests need, told apart by what is on the disk.
 * The fast path reads a few directory entries; apt is asked only when something is missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandOnPath, ending, say } from "./run.mjs";

const APT_TIMEOUT_MS = 900_000;
const MULTIARCH = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch] ?? "";
const LIBRARY_FOLDERS = [`/usr/lib/${MULTIARCH}`, "/usr/lib64", "/usr/lib", "/usr/local/lib"];

/** Where Debian keeps the kernel headers of one architecture (asm/types.h). */
export const multiarchInclude = `/usr/include/${MULTIARCH}`;

const command = (...names) => names.every((name) => commandOnPath(name) !== "");
const anyCommand = (...names) => names.some((name) => commandOnPath(name) !== "");
const library = (name) => LIBRARY_FOLDERS.some((folder) => existsSync(join(folder, name)));

/** @typedef {{ name: string, present: () => boolean }} SystemPackage Debian name, and a check */

/** @type {SystemPackage[]} compilers and libraries of the BPF objects and the addon */
export const buildPackages = [
  { name: "clang", present: () => command("clang") },
  { name: "llvm", present: () => command("llvm-strip") },
  {
    name: "libbpf-dev",
    present: () => existsSync("/usr/include/bpf/bpf_helpers.h") && library("libbpf.a"),
  },
  { name: "libelf-dev", present: () => existsSync("/usr/include/libelf.h") && library("libelf.a") },
  { name: "zlib1g-dev", present: () => existsSync("/usr/include/zlib.h") && library("libz.a") },
  { name: "g++", present: () => command("g++") },
  { name: "make", present: () => command("make") },
  { name: "python3", present: () => command("python3") },
];

/** @type {SystemPackage[]} what only the tests use: other implementations to compare with */
export const testPackages = [
  { name: "protobuf-compiler", present: () => command("protoc") },
  { name: "bpftool", present: () => command("bpftool") },
  { name: "iproute2", present: () => command("ip") },
  { name: "libcap2-bin", present: () => command("capsh", "setcap") },
  { name: "util-linux", present: () => command("setpriv", "unshare", "nsenter") },
  {
    name: "chromium",
    present: () => anyCommand("chromium", "chromium-browser", "google-chrome"),
  },
  { name: "default-jdk-headless", present: () => command("java", "javac") },
  { name: "maven", present: () => command("mvn") },
  { name: "curl", present: () => command("curl") },
  { name: "openssl", present: () => command("openssl") },
];

/** @returns {string[]} Debian names of the packages of the list that are not here */
export function missingPackages(packages) {
  return packages.filter((entry) => !entry.present()).map((entry) => entry.name);
}

/** The one command that installs them on a Debian-like system. */
function installCommand(names) {
  return `sudo apt-get install -y --no-install-recommends ${names.join(" ")}`;
}

/**
 * Install what is missing where that is ours to do (root on a Debian-like Linux); elsewhere say
 * which command does it. Never fails: what stays missing is for the caller to live without.
 */
export function providePackages(packages, purpose) {
  if (process.platform !== "linux") return;
  const names = missingPackages(packages);
  if (names.length === 0) return;
  const debian = existsSync("/etc/debian_version") && commandOnPath("apt-get") !== "";
  if (!debian || process.getuid() !== 0) {
    say(
      `${purpose} needs ${names.join(" ")}: ${debian ? "run" : "on Debian"} ${installCommand(names)}`,
    );
    return;
  }
  say(`installing for ${purpose}: ${names.join(" ")}`);
  const failure =
    aptGet(["update"]) ?? aptGet(["install", "-y", "--no-install-recommends", ...names]);
  if (failure === undefined) return;
  say(`${failure}\ngoing on without; to install: ${installCommand(missingPackages(packages))}`);
}

/** @returns {string | undefined} why it failed, with apt's own output */
function aptGet(args) {
  const bounds = ["-q", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"];
  const result = spawnSync("apt-get", [...bounds, ...args], {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: APT_TIMEOUT_MS,
  });
  if (result.status === 0) return undefined;
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`.trim();
  return `apt-get ${args[0]} failed (${ending(result, APT_TIMEOUT_MS)})\n${output}`;
}
