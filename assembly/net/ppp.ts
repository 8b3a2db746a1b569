/**
 * PPP (RFC 1661, 1662): optional address and control FF 03, then a protocol of one byte (odd) or
 * two; PPPoE sessions (RFC 2516); MPLS label stacks (RFC 3032).
 */
import { END_OTHER, LAYER_LINK, at, be16, left, skip } from "./layers";
import { LINK_ETHERNET, LINK_PPP } from "./link";

export function ppp(): i32 {
  if (left() < 4) return END_OTHER;
  if (be16(at()) == 0xff03) skip(2);
  let protocol = <u32>load<u8>(at());
  if (protocol & 1) {
    skip(1);
  } else {
    protocol = be16(at());
    skip(2);
  }
  switch (protocol) {
    case 0x0021: return 0x0800;
    case 0x0057: return 0x86dd;
    case 0x0281: return 0x8847;
    default: return END_OTHER;
  }
}

/** u8 version and type  u8 code  u16 session  u16 length */
export function pppoe(): i32 {
  if (left() < 6 || load<u8>(at(), 1) != 0) return END_OTHER;
  skip(6);
  return LAYER_LINK | <i32>LINK_PPP;
}

/** u20 label  u3 class  u1 bottom of stack  u8 TTL; what is inside is told by its first nibble. */
export function mpls(): i32 {
  // Bounded by the packet: four bytes each.
  for (;;) {
    if (left() < 5) return END_OTHER;
    const isBottom = (load<u8>(at(), 2) & 1) != 0;
    skip(4);
    if (isBottom) break;
  }
  switch (load<u8>(at()) >> 4) {
    case 4: return 0x0800;
    case 6: return 0x86dd;
    // The control word of a pseudowire (RFC 4385).
    case 0: return skip(4) ? LAYER_LINK | <i32>LINK_ETHERNET : END_OTHER;
    default: return LAYER_LINK | <i32>LINK_ETHERNET;
  }
}
