/** Ethernet (IEEE 802.3), its tags, and 802.2 LLC with SNAP. */
import { ipPacket } from "./ip";
import { END_OTHER, LAYER_LINK, at, be16, left, limit, skip } from "./layers";
import { LINK_ETHERNET, LINK_WLAN } from "./link";
import { mpls, pppoe } from "./ppp";

/** Below it the field is a length. */
const TYPE_MIN: u32 = 0x600;

/** u8[6] destination  u8[6] source  u16 type or length */
export function ethernet(): i32 {
  if (left() < 14) return END_OTHER;
  const type = be16(at() + 12);
  skip(14);
  if (type >= TYPE_MIN) return <i32>type;
  limit(type);
  return llc();
}

/** AA AA 03  u8[3] organisation  u16 EtherType, or an LSAP of IP. */
export function llc(): i32 {
  if (left() < 3) return END_OTHER;
  const access = be16(at());
  if (access == 0x0606) return skip(3) ? ipPacket() : END_OTHER;
  if (access != 0xaaaa || left() < 8) return END_OTHER;
  const type = be16(at() + 6);
  skip(8);
  return <i32>type;
}

export function etherType(type: u32): i32 {
  switch (type) {
    case 0x0800:
    case 0x86dd: return ipPacket();
    case 0x8100: // 802.1Q
    case 0x88a8: // 802.1ad
    case 0x9100:
    case 0x9200:
    case 0x9300: return tag(2);
    case 0x8847:
    case 0x8848: return mpls();
    case 0x8864: return pppoe();
    case 0x8926: return tag(4); // VN-Tag
    case 0x893f: return tag(6); // 802.1BR
    case 0x88e7: return skip(4) ? LAYER_LINK | <i32>LINK_ETHERNET : END_OTHER; // 802.1ah
    case 0x2452: return LAYER_LINK | <i32>LINK_WLAN; // 802.11 as an old driver shows it
    case 0x6558: return LAYER_LINK | <i32>LINK_ETHERNET; // transparent bridging
    default: return END_OTHER;
  }
}

/** `size` bytes of tag, then an EtherType, or a length as in Ethernet. */
function tag(size: u32): i32 {
  if (left() < size + 2) return END_OTHER;
  const type = be16(at() + size);
  skip(size + 2);
  if (type >= TYPE_MIN) return <i32>type;
  limit(type);
  return llc();
}
