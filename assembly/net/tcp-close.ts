/** How connections end: both directions done, a reset, or the capture is over. */
import { NOTE_RESET, firstCall, giveUp } from "../core/call";
import { CONN_CLIENT, CONN_FINISHED, CONN_NOTES } from "../core/conn-layout";
import { hasRoom } from "../core/out";
import { finish } from "../core/stream";
import { giveUpAllHoles } from "./tcp-deliver";
import { CLOSED_DONE, CLOSED_RESET, closedAs, setClosedAs } from "./tcp-state";

const BOTH: u8 = 3;

/**
 * Nothing of the connection will come any more: holes are given up, the client's first, both
 * directions end, and what is pending is given up with `notes`. False when the output is full.
 */
export function closeTcp(conn: usize, notes: u32): bool {
  if (closedAs(conn) & CLOSED_DONE) return true;
  const client = <u32>load<u8>(conn, CONN_CLIENT);
  if (!giveUpAllHoles(conn, client) || !giveUpAllHoles(conn, 1 - client)) return false;
  if (!hasRoom()) return false;
  finish(conn, client);
  if (!hasRoom()) return false;
  finish(conn, 1 - client);
  return giveUpPending(conn, notes);
}

/** The reset was accepted. False when the output is full. */
export function resetTcp(conn: usize): bool {
  if (!(closedAs(conn) & CLOSED_DONE)) {
    setClosedAs(conn, CLOSED_RESET);
    store<u32>(conn, load<u32>(conn, CONN_NOTES) | NOTE_RESET, CONN_NOTES);
  }
  return closeTcp(conn, NOTE_RESET);
}

/** Once both directions ended, nobody answers what is pending. False when the output is full. */
export function closeWhenDone(conn: usize): bool {
  if ((load<u8>(conn, CONN_FINISHED) & BOTH) != BOTH) return true;
  return giveUpPending(conn, 0);
}

function giveUpPending(conn: usize, notes: u32): bool {
  if (closedAs(conn) & CLOSED_DONE) return true;
  for (let call = firstCall(conn); call != 0; call = firstCall(conn)) {
    if (!hasRoom()) return false;
    giveUp(conn, call, notes);
  }
  setClosedAs(conn, CLOSED_DONE);
  return true;
}
