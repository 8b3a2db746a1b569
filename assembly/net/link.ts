/**
 * Link layers by the numbers of tcpdump.org/linktypes.html: how many bytes are before the next
 * layer and which one that is.
 */
import { fileU16 } from "../pcap/file-state";
import { ethernet, llc } from "./ethernet";
import { ipPacket } from "./ip";
import { END_OTHER, LAYER_LINK, at, be16, be32, left, skip } from "./layers";
import { ppp } from "./ppp";
import { radiotap, wlan } from "./wlan";

export const LINK_NULL: u32 = 0;
export const LINK_ETHERNET: u32 = 1;
export const LINK_PPP: u32 = 9;
export const LINK_LLC: u32 = 100;
export const LINK_WLAN: u32 = 105;

// A table by number: longer than other functions.
export function linkType(link: u32): i32 {
  switch (link) {
    case LINK_NULL: return loopback();
    case LINK_ETHERNET: return ethernet();
    case LINK_PPP: // PPP, also in HDLC framing
    case 50: return ppp();
    case 51: return ethernetLike(6, 0x8864); // PPPoE without Ethernet
    case 10: return skip(13) ? llc() : END_OTHER; // FDDI
    case 12: // raw IP, on different systems
    case 14:
    case 101:
    case 228: // IPv4
    case 229: return ipPacket(); // IPv6
    case LINK_LLC: return llc(); // RFC 1483 ATM, and within others
    case 104: return chdlc();
    case LINK_WLAN: return wlan(0);
    case 108: return loopback();
    case 113: return linuxCooked(14, 16);
    case 119: return prism();
    case 127: return radiotap();
    case 129: return arcnet();
    case 163: return skipTo(be32At(4), LINK_WLAN); // AVS
    case 192: return perPacketInfo();
    case 204: return skip(1) ? ppp() : END_OTHER; // PPP with direction
    case 226: return skip(24) ? ipPacket() : END_OTHER; // Solaris IPNET
    case 239: return nflog();
    case 240: return skipTo(4, LINK_ETHERNET); // NetANALYZER
    case 276: return linuxCooked(0, 20);
    default: return END_OTHER;
  }
}

/** The next link layer behind `size` bytes, which must be at least one. */
function skipTo(size: u32, link: u32): i32 {
  return size > 0 && skip(size) ? LAYER_LINK | <i32>link : END_OTHER;
}

/** 0 where so much was not captured. */
function be32At(offset: u32): u32 {
  return left() >= offset + 4 ? be32(at() + offset) : 0;
}

function ethernetLike(need: u32, type: i32): i32 {
  return left() >= need ? type : END_OTHER;
}

/** u32 address family of the capturing host, in its byte order or (OpenBSD) the network's. */
function loopback(): i32 {
  return skip(4) ? ipPacket() : END_OTHER;
}

/** Linux cooked: the EtherType is `offset` bytes into a head of `size`. */
function linuxCooked(offset: u32, size: u32): i32 {
  if (left() < size) return END_OTHER;
  const type = be16(at() + offset);
  skip(size);
  // 802.2 frames, and 802.3 ones without a length.
  return type == 4 || type == 1 ? llc() : <i32>type;
}

/** u8 address  u8 control  u16 EtherType */
function chdlc(): i32 {
  if (left() < 4) return END_OTHER;
  const type = be16(at() + 2);
  skip(4);
  return <i32>type;
}

/** Prism: u32 message code  u32 length of all; AVS heads are written with this number as well. */
function prism(): i32 {
  if ((be32At(0) & 0xfffff000) == 0x80211000) return skipTo(be32At(4), LINK_WLAN);
  return skipTo(144, LINK_WLAN);
}

/** PPI: u8 version  u8 flags  u16 length of all  u32 link type; little endian. */
function perPacketInfo(): i32 {
  if (left() < 8) return END_OTHER;
  const link = load<u32>(at(), 4);
  const size = <u32>load<u16>(at(), 2);
  return size >= 8 && link <= 0xffff ? skipTo(size, link) : END_OTHER;
}

/** ARCNET, Linux: u8 source, destination  u16 offset  u8 type: RFC 1201 or RFC 1051 IP. */
function arcnet(): i32 {
  if (left() < 5) return END_OTHER;
  switch (load<u8>(at(), 4)) {
    case 212: return skip(8) ? ipPacket() : END_OTHER;
    case 240: return skip(5) ? ipPacket() : END_OTHER;
    default: return END_OTHER;
  }
}

const NFLOG_PAYLOAD: u32 = 9;

/** u8 family  u8 version  u16 resource; then u16 length  u16 type  value, padded to 4. */
function nflog(): i32 {
  if (!skip(4)) return END_OTHER;
  // Each turn moves by four bytes at least.
  while (left() >= 4) {
    const size = fileU16(at());
    const type = fileU16(at() + 2) & 0x7fff;
    if (size < 4) return END_OTHER;
    if (type == NFLOG_PAYLOAD) {
      skip(4);
      return ipPacket();
    }
    if (!skip((size + 3) & ~3)) return END_OTHER;
  }
  return END_OTHER;
}
