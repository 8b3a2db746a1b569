/**
 * A picture of a page in headless Chromium: `node test/support/screenshot.mjs URL FILE.png`.
 * JavaScript, not TypeScript, as it is also run by hand on a Node that runs no TypeScript.
 */

import { existsSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @returns {string | undefined} the browser's executable, `CHROMIUM_PATH` first */
export function findChromium() {
  return [process.env.CHROMIUM_PATH ?? "", ...CANDIDATES].find((path) => path && existsSync(path));
}

/** Headless; the caller closes it. */
export function launchChromium() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium: install it or set CHROMIUM_PATH");
  return chromium.launch({ executablePath, args: ARGUMENTS, headless: true, timeout: 30_000 });
}

/**
 * @param {string} url the live page's address with its token
 * @param {string} file where the PNG goes
 * @param {{width?: number, height?: number, colorScheme?: "light" | "dark"}} [options]
 */
export async function takeScreenshot(url, file, options = {}) {
  const { width = 1280, height = 800, colorScheme = "light" } = options;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(url, { timeout: 15_000 });
    await page.locator("#flows tr").first().waitFor({ timeout: 30_000 });
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [url, file] = process.argv.slice(2);
  if (url === undefined || file === undefined) {
    process.stderr.write("usage: node test/support/screenshot.mjs URL FILE.png\n");
    process.exitCode = 2;
  } else {
    await takeScreenshot(url, file);
  }
}
