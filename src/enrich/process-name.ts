/**
 * A process chooses its command name, so it is a claim, not a fact. Here it becomes text that
 * is safe to print: printable Unicode stays; control and format characters (direction marks,
 * zero-width), line separators and bytes that were no UTF-8 become `?`.
 */

/** TASK_COMM_LEN - 1, linux/sched.h. /proc/PID/comm shows more for some kernel threads. */
const COMM_BYTES_MAX = 15;

const PLAIN = /^[\x20-\x7e]{0,15}$/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\uFFFD]/gu;

/** The name to show for a command name: at most 15 bytes of printable UTF-8. */
export function processName(comm: string): string {
  if (PLAIN.test(comm)) return comm;
  let name = "";
  let bytes = 0;
  for (const character of comm.replace(UNPRINTABLE, "?")) {
    bytes += Buffer.byteLength(character);
    if (bytes > COMM_BYTES_MAX) break;
    name += character;
  }
  return name;
}
