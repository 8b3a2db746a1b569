/**
 * One packet, from its link layer to the stream or datagram it carries: a loop over layers,
 * LAYERS_MAX of them at most.
 */
import {
  COUNT_PACKETS,
  COUNT_PACKETS_TRUNCATED,
  COUNT_PACKETS_UNDECODED,
  COUNT_PACKET_BYTES,
} from "../core/counters";
import { etherType } from "./ethernet";
import { forgetDatagram, resumeDatagram } from "./fragments";
import { ipProtocol } from "./ip";
import { END_AGAIN, END_TAKEN, LAYER_LINK, setLayer, setRetaken, tally } from "./layers";
import { linkType } from "./link";

/** Layers of one packet: three tunnels with all their headers have about 20. */
const LAYERS_MAX: u32 = 32;
/** Original lengths beyond the largest packet anyone captures are not believed. */
const PACKET_MAX: u32 = 262144;

/**
 * Takes the packet at `p`, of which `captured` of `original` bytes are there, at the time now().
 * False when the output is full: it must be given again, and is then not counted again.
 */
export function takePacket(link: u32, p: usize, captured: u32, original: u32): bool {
  tally(COUNT_PACKETS);
  tally(COUNT_PACKET_BYTES, max(captured, original));
  if (captured < original) tally(COUNT_PACKETS_TRUNCATED);
  setLayer(p, captured, min(original, PACKET_MAX));
  // A datagram that was put together of this packet and earlier ones goes on where it was.
  let layer = resumeDatagram();
  if (layer < 0) layer = LAYER_LINK | <i32>link;
  for (let depth: u32 = 0; depth < LAYERS_MAX && layer >= 0; depth++) {
    switch (layer >> 16) {
      case 0: layer = etherType(<u32>layer); break;
      case 1: layer = ipProtocol(<u32>layer & 0xff); break;
      default: layer = linkType(<u32>layer & 0xffff);
    }
  }
  if (layer == END_AGAIN) {
    setRetaken(true);
    return false;
  }
  if (layer != END_TAKEN) tally(COUNT_PACKETS_UNDECODED);
  forgetDatagram();
  setRetaken(false);
  return true;
}
