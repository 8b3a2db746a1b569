/**
 * The files of the live page: a fixed list, read once. A request path is only ever a key of the
 * map, so no path a client can spell reaches the file system.
 */

import { readFile } from "node:fs/promises";
import { AgentError } from "../model/errors.ts";

export interface PageAsset {
  readonly type: string;
  readonly body: Buffer;
}

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** Request path, file in `src/page` (copied to `dist/page` by the build), media type. */
export const PAGE_ASSETS: readonly (readonly [path: string, file: string, type: string])[] = [
  ["/", "index.html", HTML],
  ["/page.css", "page.css", CSS],
  ["/page.js", "page.js", SCRIPT],
  ["/describe.js", "describe.js", SCRIPT],
  ["/elements.js", "elements.js", SCRIPT],
  ["/flows.js", "flows.js", SCRIPT],
  ["/format.js", "format.js", SCRIPT],
  ["/graph.js", "graph.js", SCRIPT],
  ["/layers.js", "layers.js", SCRIPT],
  ["/layout.js", "layout.js", SCRIPT],
  ["/map.js", "map.js", SCRIPT],
  ["/table.js", "table.js", SCRIPT],
  ["/tip.js", "tip.js", SCRIPT],
  ["/token.js", "token.js", SCRIPT],
  ["/icon.svg", "icon.svg", "image/svg+xml"],
];

/** @throws AgentError LISTEN_FAILED when the installation lacks one of the files. */
export async function loadPageAssets(): Promise<ReadonlyMap<string, PageAsset>> {
  const directory = new URL("../page/", import.meta.url);
  const load = async ([path, file, type]: (typeof PAGE_ASSETS)[number]) => {
    try {
      return [path, { type, body: await readFile(new URL(file, directory)) }] as const;
    } catch (cause) {
      const message = `live page: ${file} is missing from the installation; install it again`;
      throw new AgentError("LISTEN_FAILED", message, { file }, cause);
    }
  };
  return new Map(await Promise.all(PAGE_ASSETS.map(load)));
}
