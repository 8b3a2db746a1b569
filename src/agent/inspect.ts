/** `inspect`: capture files in, calls and flows out. Wires the parsers to files and to text. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { AgentError, reasonOf } from "../model/errors.ts";
import {
  type CaptureFault,
  createParsers,
  type HintedProtocol,
  type ParserRecord,
  type Parsers,
  ParsersTrapped,
  type RedactionMode,
  type ResourceMode,
} from "../wasm/parsers.ts";
import { ndjsonFormat } from "./inspect-ndjson.ts";
import { createProgress, type Progress } from "./inspect-progress.ts";
import { openCapture } from "./inspect-source.ts";
import { tableFormat } from "./inspect-table.ts";

export type { HintedProtocol, RedactionMode, ResourceMode } from "../wasm/parsers.ts";

export interface InspectRequest {
  readonly files: readonly string[];
  readonly format: "table" | "ndjson";
  readonly redaction: RedactionMode;
  readonly resource: ResourceMode;
  /** Ports whose protocol is known. */
  readonly decodeAs: ReadonlyMap<number, HintedProtocol>;
}

/** Where the text goes. */
export interface InspectOutput {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const WASM = new URL("../../build/wasm/parsers.wasm", import.meta.url);
const FORMATS = { ndjson: ndjsonFormat, table: tableFormat };

/**
 * Prints what is in the files, one after the other. What is wrong with one of them does not keep
 * the others from being read.
 *
 * @throws AgentError INPUT_INVALID, one line for each file that could not be read to its end
 */
export async function inspectFiles(request: InspectRequest, output: InspectOutput): Promise<void> {
  const parsers = createParsers(readModule());
  const { stderr } = output;
  const progress = createProgress(stderr.isTTY === true ? (text) => stderr.write(text) : undefined);
  const problems: AgentError[] = [];
  for (const file of request.files) {
    try {
      await inspectFile(file, parsers, request, output.stdout, progress);
    } catch (error) {
      problems.push(problemOf(file, error));
    } finally {
      progress.clear();
    }
  }
  const [first] = problems;
  if (first === undefined) return;
  const isRefused = problems.every((problem) => problem.code === "INPUT_INVALID");
  const lines = problems.map((problem) => problem.message).join("\n");
  throw new AgentError(isRefused ? "INPUT_INVALID" : "CAPTURE_FAILED", lines, {}, first);
}

function readModule(): Uint8Array {
  try {
    return readFileSync(WASM);
  } catch (error) {
    const message = `parsers.wasm cannot be read (${reasonOf(error)}): rebuild or reinstall`;
    throw new AgentError("CAPTURE_FAILED", message, {}, error);
  }
}

async function inspectFile(
  file: string,
  parsers: Parsers,
  request: InspectRequest,
  stdout: NodeJS.WritableStream,
  progress: Progress,
): Promise<void> {
  const capture = await openCapture(file);
  const { redaction, resource, decodeAs } = request;
  const reader = parsers.capture({ redaction, resource, flows: true, hints: decodeAs });
  const format = FORMATS[request.format](request.files.length > 1 ? file : undefined);
  const print = async (text: string): Promise<void> => {
    if (text === "") return;
    progress.clear();
    if (!stdout.write(text)) await once(stdout, "drain");
  };
  const printAll = async (batches: Iterable<readonly ParserRecord[]>): Promise<void> => {
    for (const records of batches) await print(format.records(records));
  };
  let problem: AgentError | undefined;
  try {
    for await (const chunk of capture.chunks()) {
      await printAll(reader.push(chunk));
      progress.tick(file, capture);
      if (reader.fault()?.code === "not_a_capture") break;
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    // What was read before the damage counts.
    problem = error;
  }
  await printAll(reader.finish());
  const fault = reader.fault();
  if (fault !== undefined) problem ??= refused(file, fault);
  if (fault?.code !== "not_a_capture") await print(format.summary(parsers.counters()));
  if (problem !== undefined) throw problem;
}

const FAULT_TEXTS: Readonly<Record<CaptureFault["code"], string>> = {
  not_a_capture: "is not a pcap or pcapng file",
  truncated: "is cut short: what was whole is reported, record the rest again",
  bad_block: "is damaged: what was whole before it is reported",
  bad_section: "has a section of an unknown kind: what was before it is reported",
};

function refused(file: string, { code, offset }: CaptureFault): AgentError {
  const where = code === "not_a_capture" ? "" : ` (byte ${offset})`;
  return new AgentError("INPUT_INVALID", `${file} ${FAULT_TEXTS[code]}${where}`);
}

/** @throws what is no problem of the file */
function problemOf(file: string, error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  if (!(error instanceof ParsersTrapped)) throw error;
  const message = `the parser failed on ${file} and gave it up: please report it with the file`;
  return new AgentError("CAPTURE_FAILED", message, {}, error);
}
