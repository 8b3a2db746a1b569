/**
 * Values as text. Everything the agent reports is hostile (a process chooses its own name), so
 * text is made printable here and only ever reaches the page through textContent or attributes.
 */

/** Controls, formats (bidirectional overrides, zero width), separators of lines, half pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const COUNT = new Intl.NumberFormat("en");
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * Control and bidirectional-override characters become visible: they could imitate another name.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(UNPRINTABLE, "\ufffd");
}

/**
 * Keeps both ends, as addresses and container names differ in their tails.
 * @param {string} text
 * @param {number} lengthMax
 */
export function shorten(text, lengthMax) {
  const characters = [...text];
  if (characters.length <= lengthMax) return text;
  const head = Math.ceil((lengthMax - 1) * 0.6);
  const tail = lengthMax - 1 - head;
  return `${characters.slice(0, head).join("")}…${characters.slice(-tail).join("")}`;
}

/** @param {number} count */
export function formatCount(count) {
  return count < 1_000_000 ? COUNT.format(count) : COMPACT.format(count);
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${BYTE_UNITS[unit]}`;
}

/**
 * From microseconds to days, three significant digits where they mean something.
 * @param {number} ms
 */
export function formatDuration(ms) {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * Local wall clock with milliseconds.
 * @param {number} unixMs
 */
export function formatClock(unixMs) {
  const date = new Date(unixMs);
  /** @param {number} value @param {number} width */
  const pad = (value, width) => String(value).padStart(width, "0");
  const hours = pad(date.getHours(), 2);
  const minutes = pad(date.getMinutes(), 2);
  const seconds = pad(date.getSeconds(), 2);
  return `${hours}:${minutes}:${seconds}.${pad(date.getMilliseconds(), 3)}`;
}

/** @param {string} address @param {number} port */
export function formatSocket(address, port) {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * True for what looks like an IP address: such an endpoint has no known process on this host.
 * @param {string} name
 */
export function isAddress(name) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true;
  return /^[0-9a-f:.]+$/i.test(name) && name.split(":").length > 2;
}

/**
 * `443`, `53/udp`: TCP goes without saying.
 * @param {{destinationPort: number, transport: string}} edge
 */
export function formatPort({ destinationPort, transport }) {
  return transport === "tcp" ? String(destinationPort) : `${destinationPort}/${transport}`;
}
