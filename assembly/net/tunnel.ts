/**
 * Tunnels: GRE (RFC 2784, 2890, 2637; in UDP 8086) with ERSPAN inside, VXLAN (RFC 7348), Geneve
 * (RFC 8926), GTP-U (3GPP TS 29.281).
 */
import { END_OTHER, LAYER_LINK, at, be16, left, skip } from "./layers";
import { LINK_PPP, LINK_WLAN } from "./link";

const ETHERNET: i32 = LAYER_LINK | 1;

/** Bits of the first two bytes of GRE. */
const CHECKSUM: u32 = 0x8000;
const ROUTING: u32 = 0x4000;
const KEY: u32 = 0x2000;
const SEQUENCE: u32 = 0x1000;
const ACKNOWLEDGEMENT: u32 = 0x0080;
const VERSION: u32 = 0x0007;

/** u16 flags  u16 EtherType  then four bytes for each flag that is set */
export function gre(): i32 {
  if (left() < 4) return END_OTHER;
  const flags = be16(at());
  const type = be16(at() + 2);
  // Source routes are deprecated, and nobody has seen one.
  if (flags & ROUTING) return END_OTHER;
  let size: u32 = 4;
  if (flags & CHECKSUM) size += 4;
  if (flags & KEY) size += 4;
  if (flags & SEQUENCE) size += 4;
  if ((flags & VERSION) == 1) {
    if (flags & ACKNOWLEDGEMENT) size += 4;
    // PPTP: acknowledgements carry nothing.
    const isData = type == 0x880b && (flags & SEQUENCE) != 0;
    return isData && skip(size) ? LAYER_LINK | <i32>LINK_PPP : END_OTHER;
  }
  if ((flags & VERSION) != 0 || !skip(size)) return END_OTHER;
  switch (type) {
    // ERSPAN I has no head of its own and no sequence number, II has eight bytes.
    case 0x88be: return flags & SEQUENCE ? (skip(8) ? ETHERNET : END_OTHER) : ETHERNET;
    case 0x22eb: return erspan3();
    case 0x880b: return LAYER_LINK | <i32>LINK_PPP;
    // Aruba access points: 0x8200, 0x8210 and so on to 0x83f0, 802.11 frames of their priorities.
    default: return (type & 0xfe0f) == 0x8200 ? LAYER_LINK | <i32>LINK_WLAN : <i32>type;
  }
}

/** 12 bytes: in the 11th a frame type of 5 bits, in the last whether 8 more follow. */
function erspan3(): i32 {
  if (left() < 12) return END_OTHER;
  const frameType = (load<u8>(at(), 10) >> 2) & 31;
  if (!skip(load<u8>(at(), 11) & 1 ? 20 : 12)) return END_OTHER;
  switch (frameType) {
    case 0: return ETHERNET;
    case 2: return innerIp();
    default: return END_OTHER;
  }
}

/** IPv4 or IPv6, told by the version. */
function innerIp(): i32 {
  if (left() < 1) return END_OTHER;
  switch (load<u8>(at()) >> 4) {
    case 4: return 0x0800;
    case 6: return 0x86dd;
    default: return END_OTHER;
  }
}

/** What a datagram to the port carries; END_OTHER, and nothing moved, when it is no tunnel. */
export function udpTunnel(port: u32): i32 {
  switch (port) {
    case 4789:
    case 8472: return vxlan();
    case 4790: return vxlanGeneric();
    case 6081: return geneve();
    case 2152: return gtp();
    case 4754: return left() >= 4 && (be16(at()) & 0x0fff) == 0 ? gre() : END_OTHER; // RFC 8086
    default: return END_OTHER;
  }
}

/** u8 flags, 0x08 set  u24 reserved  u24 network  u8 reserved */
function vxlan(): i32 {
  if (left() < 8 || !(load<u8>(at()) & 0x08) || load<u8>(at(), 7) != 0) return END_OTHER;
  skip(8);
  return ETHERNET;
}

/** u8 flags, 0x0c set  u16 reserved  u8 next  u24 network  u8 reserved */
function vxlanGeneric(): i32 {
  if (left() < 8 || (load<u8>(at()) & 0x0c) != 0x0c) return END_OTHER;
  const next = load<u8>(at(), 3);
  if (next < 1 || next > 3) return END_OTHER;
  skip(8);
  return next == 3 ? ETHERNET : innerIp();
}

/** RFC 8926: u2 version  u6 options / 4  u8 flags  u16 EtherType  u24 network  u8 reserved */
function geneve(): i32 {
  if (left() < 8 || load<u8>(at()) >> 6 != 0) return END_OTHER;
  const type = be16(at() + 2);
  return skip(8 + (<u32>load<u8>(at()) & 63) * 4) ? <i32>type : END_OTHER;
}

/** u3 version, 1  u1 protocol, 1  u1 spare  u3 options  u8 type  u16 length  u32 tunnel */
function gtp(): i32 {
  if (left() < 8 || load<u8>(at()) >> 4 != 3 || load<u8>(at(), 1) != 0xff) return END_OTHER;
  const options = load<u8>(at()) & 7;
  let size: u32 = options ? 12 : 8;
  if (options & 4) {
    // Extension headers: u8 length / 4  content  u8 next type. Each is four bytes at least.
    let next = size <= left() ? load<u8>(at() + 11) : 0;
    while (next != 0) {
      if (size >= left()) return END_OTHER;
      const extension = <u32>load<u8>(at() + size) * 4;
      size += extension;
      if (extension == 0 || size > left()) return END_OTHER;
      next = load<u8>(at() + size - 1);
    }
  }
  return skip(size) ? innerIp() : END_OTHER;
}
