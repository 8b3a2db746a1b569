/** Messages from the tests of other projects: each has the fields that its definition says. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it, type TestContext } from "vitest";
import { requireOrSkip } from "../support/require.ts";
import { endsOf, hex, newParsers, type Step, stream } from "./harness.ts";
import { WARM_UP } from "./kafka-bytes.ts";
import { type Api, frame, MessageWriter, randomOf, readApis } from "./kafka-definitions.ts";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/kafka-frames", import.meta.url));

interface Vector {
  readonly path: string;
  readonly name: string;
  readonly hex: string;
  readonly api?: string;
  readonly version?: number | null;
  readonly kind?: string | null;
}

function vectors(ctx: TestContext, file: string): Vector[] {
  const present = existsSync(CORPUS) || "no ../shared/corpus/kafka-frames";
  requireOrSkip(ctx, present, "the Kafka messages of other projects");
  const text = readFileSync(`${CORPUS}/${file}`, "utf8").trim();
  return text.split("\n").map((line) => JSON.parse(line) as Vector);
}

const parsers = newParsers();
let number = 0;

/** Whether the body, behind the tagged fields of a header, has the version's fields and no more. */
function fits(api: Api, version: number, isRequest: boolean, body: Uint8Array): boolean {
  const steps: Step[] = [...WARM_UP];
  if (isRequest) {
    const clientId = api.key === 7 && version === 0 ? [] : [0xff, 0xff];
    const bytes = frame({ key: api.key, version, id: 2 }, Uint8Array.from([...clientId, ...body]));
    steps.push({ client: bytes });
  } else {
    const request = new MessageWriter(api.request, version, randomOf(version)).message(null);
    steps.push({ client: frame({ key: api.key, version, id: 2 }, request.bytes) });
    steps.push({ server: frame({ id: 2 }, body) });
  }
  const { calls } = stream(parsers, steps, { ends: endsOf(9092, number++ % 1000) });
  return !(calls[1]?.notes.includes("malformed") ?? true);
}

/** The tagged fields of the header, none, where there are some. */
function headerTags({ key, request }: Api, version: number, isRequest: boolean): number[] {
  const from = Number.parseInt(request.flexibleVersions, 10);
  return version >= from && (isRequest || key !== 18) ? [0] : [];
}

/** What its own test takes apart otherwise: a field that old brokers left out. */
const NOT_BY_DEFINITION = new Set(["v1_response_missing_throttle_time"]);

it("of kafkajs, in the version that they are of", (ctx) => {
  const apis = new Map(readApis().map((api) => [api.name.toLowerCase(), api]));
  const checked = vectors(ctx, "kafkajs.jsonl").flatMap((vector) => {
    const api = apis.get(vector.api?.toLowerCase() ?? "");
    if (api === undefined || typeof vector.version !== "number" || !vector.kind) return [];
    const fit = fits(api, vector.version, vector.kind === "request", hex(vector.hex));
    return [{ name: vector.path, fit: fit !== NOT_BY_DEFINITION.has(vector.name) }];
  });
  expect(checked.filter(({ fit }) => !fit)).toEqual([]);
  expect(checked.length).toBeGreaterThan(70);
});

/** Names of its files that are not names of the API. */
const SARAMA_NAMES: Readonly<Record<string, string>> = {
  aclcreate: "createacls",
  acldelete: "deleteacls",
  acldescribe: "describeacls",
  consumermetadata: "findcoordinator",
  deleteoffsets: "offsetdelete",
  offset: "listoffsets",
};

/** Cut off on purpose, to see how its decoder fails. */
const SARAMA_PARTS = new Set(["packet"]);

it("of sarama, in one of the versions of the API", (ctx) => {
  const apis = new Map(readApis().map((api) => [api.name.toLowerCase(), api]));
  const checked = vectors(ctx, "sarama.jsonl").flatMap(({ path, name, hex: content }) => {
    const match = /([a-z_]+)_(request|response)_test\.go$/.exec(path);
    const plain = match?.[1]?.replaceAll("_", "") ?? "";
    const api = apis.get(SARAMA_NAMES[plain] ?? plain);
    if (api === undefined || SARAMA_PARTS.has(name)) return [];
    const body = hex(content);
    const isRequest = match?.[2] === "request";
    const versions = Array.from({ length: api.last + 1 }, (_, version) => version);
    const fit = versions.some((version) => {
      const tags = headerTags(api, version, isRequest);
      return fits(api, version, isRequest, Uint8Array.from([...tags, ...body]));
    });
    return [{ name: `${path} ${name}`, fit }];
  });
  expect(checked.filter(({ fit }) => !fit)).toEqual([]);
  expect(checked.length).toBeGreaterThan(150);
});

it("of pixie and OpenTelemetry, as a whole connection", (ctx) => {
  const told = ["pixie.jsonl", "otel-ebpf.jsonl"].flatMap((file) =>
    vectors(ctx, file).flatMap(({ name, hex: content }) => {
      const { calls } = stream(parsers, [{ client: hex(content) }], { ends: endsOf(9092) });
      return calls.map(({ method, resource }) => `${name}: ${method} ${resource}`);
    }),
  );
  expect(told).toEqual([
    "kMetaDataRequest: Metadata ",
    "kAPIVersionRequest: ApiVersions ",
    "Fetch request (v11) truncated: Fetch ",
    // Its size says that it ends before the topic which its test finds behind it.
    "Fetch request (v12): Fetch ",
    "Produce request (v7): Produce important",
    "Produce request (v9): Produce my-topic",
  ]);
});
