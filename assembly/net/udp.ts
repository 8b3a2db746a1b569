/** UDP (RFC 768): tunnels are opened, other datagrams are shown to DNS and die. */
import { addTraffic } from "./traffic";
import { lookUp, sideFound } from "../core/conn";
import { COUNT_UDP_DATAGRAMS } from "../core/counters";
import { feedDatagram } from "../core/stream";
import {
  DESTINATION,
  END_OTHER,
  END_TAKEN,
  IP_UDP,
  SOURCE,
  at,
  be16,
  end,
  family,
  left,
  limit,
  real,
  skip,
  tally,
} from "./layers";
import { udpTunnel } from "./tunnel";

/** u16 source port  u16 destination port  u16 length  u16 checksum */
export function takeDatagram(): i32 {
  if (left() < 8) return END_OTHER;
  const source = be16(at());
  const destination = be16(at() + 2);
  const size = be16(at() + 4);
  skip(8);
  if (size >= 8) limit(size - 8);
  const inside = udpTunnel(destination);
  if (inside != END_OTHER) return inside;
  tally(COUNT_UDP_DATAGRAMS);
  const conn = lookUp(IP_UDP, family(), SOURCE, source, DESTINATION, destination);
  const side = sideFound();
  addTraffic(conn, side, real());
  // At most the rows of one step, and captureFeed saw that there is room.
  if (left() > 0) feedDatagram(conn, side, at(), end(), real());
  return END_TAKEN;
}
