/**
 * The jars of Apache Kafka, fetched with Maven as `pom.xml` beside this module says and kept in
 * `.cache/kafka/` of the repository, in a folder named by the content of that file.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { opensslAvailable } from "./certificates.ts";

const pomFile = fileURLToPath(new URL("pom.xml", import.meta.url));
const cacheFolder = fileURLToPath(new URL("../../../.cache/kafka/", import.meta.url));

const FETCH_TIMEOUT_MS = 300_000;

function jarFolder(): string {
  const version = createHash("sha256").update(readFileSync(pomFile)).digest("hex").slice(0, 16);
  return join(cacheFolder, version);
}

/** True when a broker can be started here (its jars may still have to be fetched), else why not. */
export function kafkaAvailable(): true | string {
  if (!runs("java", "-version")) return "java is not installed (17 or later)";
  if (!existsSync(jarFolder()) && !runs("mvn", "-version")) return "maven is not installed";
  return opensslAvailable();
}

/** The class path of the broker. Fetches what is missing, which takes some 10 s once. */
export function kafkaClassPath(): string {
  const folder = jarFolder();
  if (!existsSync(folder)) fetchJars(folder);
  return join(folder, "*");
}

function fetchJars(folder: string): void {
  // Complete or not there at all: another test may look for the folder at any moment.
  const partial = `${folder}.${process.pid}`;
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"];
  const { error, status, stdout } = spawnSync(
    "mvn",
    ["-q", "-B", "-f", pomFile, ...goal, `-DoutputDirectory=${partial}`],
    { timeout: FETCH_TIMEOUT_MS, encoding: "utf8" },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`maven ended with ${status}: ${stdout.slice(-2_000)}`);
  if (existsSync(folder)) rmSync(partial, { recursive: true });
  else renameSync(partial, folder);
}

function runs(program: string, argument: string): boolean {
  return spawnSync(program, [argument], { timeout: 30_000 }).status === 0;
}
