/**
 * IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200). Which of both is told by the
 * version in the first byte, whatever the layer below said.
 */
import { fragment } from "./fragments";
import {
  DESTINATION,
  END_OTHER,
  IP_TCP,
  IP_UDP,
  LAYER_IP,
  LAYER_LINK,
  SOURCE,
  at,
  be16,
  be32,
  family,
  left,
  measure,
  setFamily,
  skip,
} from "./layers";
import { LINK_ETHERNET } from "./link";
import { takeSegment } from "./tcp";
import { gre } from "./tunnel";
import { takeDatagram } from "./udp";

const MORE_FRAGMENTS: u32 = 0x2000;
const FRAGMENT_OFFSET: u32 = 0x1fff;

export function ipPacket(): i32 {
  if (left() < 20) return END_OTHER;
  switch (load<u8>(at()) >> 4) {
    case 4: return ipv4();
    case 6: return ipv6();
    default: return END_OTHER;
  }
}

/**
 * u4 version  u4 head length / 4  u8 class  u16 total length  u16 id  u3 flags  u13 offset / 8
 * u8 TTL  u8 protocol  u16 checksum  u32 source  u32 destination  options
 */
function ipv4(): i32 {
  const p = at();
  const head = (<u32>load<u8>(p) & 15) * 4;
  const total = be16(p + 2);
  if (head < 20 || left() < head) return END_OTHER;
  // Zero where the network card cuts the packet up (segmentation offload).
  if (total != 0) {
    if (total < head) return END_OTHER;
    measure(total);
  }
  setFamily(4);
  setAddress(SOURCE, load<u32>(p, 12), 0);
  setAddress(DESTINATION, load<u32>(p, 16), 0);
  const protocol = load<u8>(p, 9);
  const fragments = be16(p + 6);
  skip(head);
  if ((fragments & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) == 0) return LAYER_IP | <i32>protocol;
  const offset = (fragments & FRAGMENT_OFFSET) * 8;
  return fragment(be16(p + 4), protocol, offset, (fragments & MORE_FRAGMENTS) != 0);
}

/**
 * u4 version  u8 class  u20 flow  u16 payload length  u8 next  u8 hops
 * u8[16] source  u8[16] destination
 */
function ipv6(): i32 {
  const p = at();
  const size = be16(p + 4);
  if (!skip(40)) return END_OTHER;
  if (size != 0) measure(size);
  setFamily(6);
  setAddress(SOURCE, load<u64>(p, 8), load<u64>(p, 16));
  setAddress(DESTINATION, load<u64>(p, 24), load<u64>(p, 32));
  return LAYER_IP | <i32>load<u8>(p, 6);
}

function setAddress(to: usize, low: u64, high: u64): void {
  store<u64>(to, low);
  store<u64>(to, high, 8);
}

/** What the protocol number announces; packet.ts bounds how many follow each other. */
export function ipProtocol(protocol: u32): i32 {
  switch (protocol) {
    case IP_TCP: return takeSegment();
    case IP_UDP: return takeDatagram();
    case 4: return 0x0800;
    case 41: return 0x86dd;
    case 47: return gre();
    case 97: return skip(2) ? LAYER_LINK | <i32>LINK_ETHERNET : END_OTHER; // EtherIP, RFC 3378
    case 137: return 0x8847; // MPLS, RFC 4023
    case 51: return extension(4, 2); // authentication header, RFC 4302
    case 0: // hop by hop
    case 43: // routing
    case 60: // destination
    case 135: return family() == 6 ? extension(8, 1) : END_OTHER; // mobility
    case 44: return family() == 6 ? ipv6Fragment() : END_OTHER;
    default: return END_OTHER;
  }
}

/** u8 next  u8 length in `unit` bytes, less `more` of them */
function extension(unit: u32, more: u32): i32 {
  if (left() < 8) return END_OTHER;
  const next = load<u8>(at());
  const size = (<u32>load<u8>(at(), 1) + more) * unit;
  return skip(size) ? LAYER_IP | <i32>next : END_OTHER;
}

/** u8 next  u8 reserved  u13 offset / 8  u2 reserved  u1 more  u32 id */
function ipv6Fragment(): i32 {
  if (left() < 8) return END_OTHER;
  const next = load<u8>(at());
  const offset = be16(at() + 2) & 0xfff8;
  const more = (load<u8>(at(), 3) & 1) != 0;
  const id = be32(at() + 4);
  skip(8);
  // Not a fragment at all (RFC 6946).
  if (offset == 0 && !more) return LAYER_IP | <i32>next;
  return fragment(id, next, offset, more);
}
