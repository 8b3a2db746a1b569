/**
 * IP datagrams in fragments (RFC 791 3.2, RFC 8200 4.5): DATAGRAM_COUNT at a time, given up after
 * WAIT_NS of the capture's time or when so many newer ones were begun. Where fragments overlap, the
 * byte that came first stays. Of fragments cut by the snap length the first is taken for what it
 * has, the others are as good as lost.
 *
 * A slot: 0 u8[16] source  16 u8[16] destination  32 u32 id  36 u8 family  37 u8 protocol
 *   38 u8 in use  40 u32[5] its bytes (fragment-bytes.ts)  60 u32 units so far
 *   64 u32 bytes of the whole, 0 unknown  68 u32 end of the furthest fragment
 *   72 u64 time of the first fragment
 */
import { COUNT_FRAGMENTS, COUNT_FRAGMENTS_DROPPED, count } from "../core/counters";
import { CTX_CAPTURE, now } from "../core/ctx";
import { CTX } from "../core/memory";
import { CAPTURE_TABLE } from "../core/tables";
import { INTERFACES_SIZE } from "../pcap/interfaces";
import { UNIT, copyUnits, putUnits, releaseUnits } from "./fragment-bytes";
import {
  DESTINATION,
  END_OTHER,
  END_TAKEN,
  LAYER_IP,
  SOURCE,
  at,
  family,
  left,
  real,
  setLayer,
  tally,
} from "./layers";

/** Datagrams in pieces at once; a resolver under load has a handful. */
const DATAGRAM_COUNT: u32 = 64;
/** What Linux waits (net.ipv4.ipfrag_time). */
const WAIT_NS: i64 = 30_000_000_000;
const DATAGRAM_MAX: u32 = 65535;

const SLOT_SIZE: usize = 80;
const SLOTS: usize = CAPTURE_TABLE + INTERFACES_SIZE;
/** The datagram that was put together last, and goes on as a packet. */
const DATAGRAM: usize = SLOTS + <usize>DATAGRAM_COUNT * SLOT_SIZE;
export const FRAGMENTS_END: usize = DATAGRAM + <usize>DATAGRAM_MAX + 1;
const RESUME_LAYER: usize = CTX_CAPTURE + 256;
const RESUME_SIZE: usize = CTX_CAPTURE + 260;
const WIPE_SIZE: usize = CTX_CAPTURE + 264;
/** Whose slot the next datagram takes. */
const TURN: usize = CTX_CAPTURE + 268;

const ID: usize = 32;
const FAMILY: usize = 36;
const PROTOCOL: usize = 37;
const USED: usize = 38;
const INDEX: usize = 40;
const UNITS: usize = 60;
const WHOLE: usize = 64;
const FURTHEST: usize = 68;
const TIME: usize = 72;

/** The fragment that begins here; the layer inside when it was the last one missing. */
export function fragment(id: u32, protocol: u8, offset: u32, more: bool): i32 {
  tally(COUNT_FRAGMENTS);
  const size = left();
  // Cut by the snap length: never whole, but the head of the datagram says what it is.
  if (offset == 0 && real() != size) return LAYER_IP | <i32>protocol;
  // All but the last are whole units.
  const isOdd = more && size % UNIT != 0;
  if (real() != size || size == 0 || isOdd || offset + size > DATAGRAM_MAX) return dropFragment();
  const slot = slotFor(id, protocol);
  if (!fits(slot, offset + size, more)) return giveUp(slot);
  // The next header of IPv6 is that of the first fragment.
  if (offset == 0) store<u8>(slot, protocol, PROTOCOL);
  const added = putUnits(slot + INDEX, offset, at(), size);
  if (added < 0) return giveUp(slot);
  const units = load<u32>(slot, UNITS) + <u32>added;
  store<u32>(slot, units, UNITS);
  const whole = load<u32>(slot, WHOLE);
  if (whole == 0 || units < (whole + UNIT - 1) / UNIT) return END_TAKEN;
  return putTogether(slot);
}

function dropFragment(): i32 {
  tally(COUNT_FRAGMENTS_DROPPED);
  return END_OTHER;
}

function giveUp(slot: usize): i32 {
  clear(slot);
  return dropFragment();
}

function clear(slot: usize): void {
  releaseUnits(slot + INDEX);
  memory.fill(slot, 0, SLOT_SIZE);
}

@inline
function slotAt(index: u32): usize {
  return SLOTS + <usize>index * SLOT_SIZE;
}

/** The slot of the datagram; a fresh one takes the place of that begun DATAGRAM_COUNT before. */
function slotFor(id: u32, protocol: u8): usize {
  for (let index: u32 = 0; index < DATAGRAM_COUNT; index++) {
    const slot = slotAt(index);
    if (load<u32>(slot, ID) != id || !isOf(slot, protocol)) continue;
    const age = <i64>(now() - load<u64>(slot, TIME));
    if (age <= WAIT_NS && age >= -WAIT_NS) return slot;
    return begin(slot, id, protocol);
  }
  const turn = load<u32>(CTX, TURN);
  store<u32>(CTX, (turn + 1) % DATAGRAM_COUNT, TURN);
  return begin(slotAt(turn), id, protocol);
}

function begin(slot: usize, id: u32, protocol: u8): usize {
  if (load<u8>(slot, USED) != 0) {
    count(COUNT_FRAGMENTS_DROPPED);
    clear(slot);
  }
  memory.copy(slot, SOURCE, 16);
  memory.copy(slot + 16, DESTINATION, 16);
  store<u32>(slot, id, ID);
  store<u8>(slot, family(), FAMILY);
  store<u8>(slot, protocol, PROTOCOL);
  store<u8>(slot, 1, USED);
  store<u64>(slot, now(), TIME);
  return slot;
}

function isOf(slot: usize, protocol: u8): bool {
  return (
    load<u8>(slot, USED) != 0 &&
    load<u8>(slot, FAMILY) == family() &&
    (family() == 6 || load<u8>(slot, PROTOCOL) == protocol) &&
    memory.compare(slot, SOURCE, 16) == 0 &&
    memory.compare(slot + 16, DESTINATION, 16) == 0
  );
}

/** Notes where a fragment ends; false when that contradicts what was seen before. */
function fits(slot: usize, stop: u32, more: bool): bool {
  const whole = load<u32>(slot, WHOLE);
  const furthest = load<u32>(slot, FURTHEST);
  if (!more) {
    if (whole != 0 ? whole != stop : furthest > stop) return false;
    store<u32>(slot, stop, WHOLE);
  } else if (whole != 0 && stop > whole) {
    return false;
  }
  store<u32>(slot, max(furthest, stop), FURTHEST);
  return true;
}

/** The whole datagram becomes the layer that is looked at. */
function putTogether(slot: usize): i32 {
  const size = load<u32>(slot, WHOLE);
  copyUnits(slot + INDEX, DATAGRAM, size);
  store<u32>(CTX, LAYER_IP | <u32>load<u8>(slot, PROTOCOL), RESUME_LAYER);
  // A datagram within a datagram takes its place; the rest of the outer one dies with it.
  store<u32>(CTX, size, RESUME_SIZE);
  store<u32>(CTX, max(size, load<u32>(CTX, WIPE_SIZE)), WIPE_SIZE);
  clear(slot);
  setLayer(DATAGRAM, size, size);
  return <i32>load<u32>(CTX, RESUME_LAYER);
}

/** The datagram at hand of a packet that is taken again, as a layer; END_OTHER: there is none. */
export function resumeDatagram(): i32 {
  const size = load<u32>(CTX, RESUME_SIZE);
  if (size == 0) return END_OTHER;
  setLayer(DATAGRAM, size, size);
  return <i32>load<u32>(CTX, RESUME_LAYER);
}

/** The packet was taken: nothing of its datagram stays. */
export function forgetDatagram(): void {
  const size = load<u32>(CTX, WIPE_SIZE);
  if (size == 0) return;
  memory.fill(DATAGRAM, 0, size);
  store<u32>(CTX, 0, RESUME_SIZE);
  store<u32>(CTX, 0, WIPE_SIZE);
}

/** The capture is over: what waits for its rest is given up. */
export function forgetFragments(): void {
  for (let index: u32 = 0; index < DATAGRAM_COUNT; index++) {
    const slot = slotAt(index);
    if (load<u8>(slot, USED) == 0) continue;
    count(COUNT_FRAGMENTS_DROPPED);
    clear(slot);
  }
}
