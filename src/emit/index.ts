/** Builds the sink the configuration names. */

import { FileSink, type FileSinkOptions } from "./file-sink.ts";
import { KafkaSink, type KafkaSinkOptions } from "./kafka-sink.ts";
import { MemorySink } from "./memory-sink.ts";
import type { SinkLog } from "./sink-log.ts";

export type { SinkLog } from "./sink-log.ts";

export type SinkOptions =
  | { mode: "memory" }
  | ({ mode: "file" } & FileSinkOptions)
  | ({ mode: "kafka" } & KafkaSinkOptions);

export type Sink = MemorySink | FileSink | KafkaSink;

/** Rejects with CONFIG_INVALID when the options cannot be used. Connects to nothing yet. */
export async function createSink(options: SinkOptions, log: SinkLog): Promise<Sink> {
  switch (options.mode) {
    case "memory":
      return new MemorySink();
    case "file":
      return FileSink.open(options);
    case "kafka":
      return new KafkaSink(options, log);
  }
}
