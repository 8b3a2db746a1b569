/** The command line of `inspect`. */

import { Command, InvalidArgumentError, Option } from "commander";
import type { HintedProtocol, InspectRequest } from "../agent/inspect.ts";

const PROTOCOLS: ReadonlyMap<string, HintedProtocol> = new Map([
  ["http", "http1"],
  ["http1", "http1"],
  ["http2", "http2"],
  ["grpc", "http2"],
  ["dns", "dns"],
  ["kafka", "kafka"],
]);
const PORT_MAX = 65_535;

type Hints = ReadonlyMap<number, HintedProtocol>;

/** @param inspect runs what was asked for; `command` is the one it was asked with */
export function inspectCommand(
  inspect: (request: InspectRequest, command: Command) => Promise<void>,
): Command {
  return new Command("inspect")
    .description("Print the calls and flows in capture files: pcap or pcapng, also gzipped.")
    .argument("<FILE...>", "Capture files, read one after the other.")
    .addOption(
      new Option("--format <FORMAT>", "For people, or one JSON object a line.")
        .choices(["table", "ndjson"])
        .default("table"),
    )
    .addOption(
      new Option("--redaction <MODE>", "What of the payload is looked at and kept.")
        .choices(["headers", "length", "full"])
        .default("headers"),
    )
    .addOption(
      new Option("--resource <MODE>", "What of path, DNS name and topic is printed.")
        .choices(["full", "template", "off"])
        .default("full"),
    )
    .option(
      "--decode-as <PORT=PROTO>",
      `The protocol of a port, as often as needed: ${[...PROTOCOLS.keys()].join(", ")}.`,
      addHint,
      new Map(),
    )
    .action((files: string[], options: Omit<InspectRequest, "files">, command: Command) => {
      const { format, redaction, resource, decodeAs } = options;
      return inspect({ files, format, redaction, resource, decodeAs }, command);
    });
}

function addHint(text: string, hints: Hints): Hints {
  const [, digits, name] = /^(\d{1,5})=(\w+)$/.exec(text) ?? [];
  const port = Number(digits);
  const protocol = PROTOCOLS.get(name ?? "");
  if (digits === undefined || port > PORT_MAX || protocol === undefined) {
    const known = [...PROTOCOLS.keys()].join(", ");
    throw new InvalidArgumentError(`give a port and one of ${known}, such as 8080=http2`);
  }
  return new Map([...hints, [port, protocol]]);
}
