/** Packets and capture files, made by hand: as much of each format as the tests need. */

export type Bytes = Uint8Array;

export const latin1 = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "latin1"));
export const concat = (...parts: readonly (Bytes | readonly number[])[]): Bytes =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));

/** A number in network order. */
export const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value)];
export const le16 = (value: number): number[] => be16(value).reverse();
export const le32 = (value: number): number[] => be32(value).reverse();

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

export interface Segment {
  from: "client" | "server";
  sequence: number;
  acknowledgement?: number;
  flags?: number;
  payload?: string | Bytes;
  /** Payload bytes that the capture has; all when absent. */
  captured?: number;
  clientPort?: number;
  serverPort?: number;
}

const bytesOf = (payload: string | Bytes = ""): Bytes =>
  typeof payload === "string" ? latin1(payload) : payload;

export function tcp(segment: Segment): Bytes {
  const { clientPort = 40000, serverPort = 80 } = segment;
  const isClient = segment.from === "client";
  return concat(
    be16(isClient ? clientPort : serverPort),
    be16(isClient ? serverPort : clientPort),
    be32(segment.sequence),
    be32(segment.acknowledgement ?? 0),
    [0x50, segment.flags ?? ACK],
    be16(65535),
    [0, 0, 0, 0],
    bytesOf(segment.payload),
  );
}

export function udp(from: number, to: number, payload: string | Bytes): Bytes {
  const content = bytesOf(payload);
  return concat(be16(from), be16(to), be16(8 + content.length), [0, 0], content);
}

export interface Ipv4 {
  source?: readonly number[];
  destination?: readonly number[];
  protocol: number;
  id?: number;
  /** Offset of a fragment, bytes, and whether more follow. */
  offset?: number;
  more?: boolean;
  options?: readonly number[];
}

export const CLIENT = [192, 0, 2, 1] as const;
export const SERVER = [192, 0, 2, 2] as const;

export function ipv4(head: Ipv4, payload: Bytes): Bytes {
  const options = head.options ?? [];
  const size = 20 + options.length;
  return concat(
    [0x40 | (size / 4), 0],
    be16(size + payload.length),
    be16(head.id ?? 0),
    be16((head.more ? 0x2000 : 0) | ((head.offset ?? 0) >> 3)),
    [64, head.protocol, 0, 0],
    head.source ?? CLIENT,
    head.destination ?? SERVER,
    options,
    payload,
  );
}

const ipv6Address = (last: number): number[] => [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), last];

/** From 2001:db8::1 to 2001:db8::2; `next` is the first header of the payload. */
export const ipv6 = (next: number, payload: Bytes): Bytes =>
  concat(
    [0x60, 0, 0, 0],
    be16(payload.length),
    [next, 64],
    ipv6Address(1),
    ipv6Address(2),
    payload,
  );

export const ethernet = (type: number, payload: Bytes): Bytes =>
  concat([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], be16(type), payload);

/** A TCP segment in IPv4 in Ethernet. */
export function frame(segment: Segment): Bytes {
  const ends = segment.from === "client" ? {} : { source: SERVER, destination: CLIENT };
  return ethernet(0x0800, ipv4({ protocol: 6, ...ends }, tcp(segment)));
}

export interface Packet {
  bytes: Bytes;
  /** Real length, when it was cut. */
  original?: number;
  timeNs?: bigint;
}

/** The packet of a segment; what `captured` leaves out is cut off. */
export function packet(segment: Segment, timeNs?: bigint): Packet {
  const bytes = frame(segment);
  const cut =
    segment.captured === undefined ? 0 : bytesOf(segment.payload).length - segment.captured;
  return {
    bytes: bytes.subarray(0, bytes.length - cut),
    original: bytes.length,
    ...(timeNs === undefined ? {} : { timeNs }),
  };
}

export interface PcapOptions {
  link?: number;
  bigEndian?: boolean;
  nano?: boolean;
  modified?: boolean;
}

/** Time of the first packet that has none; each is a millisecond later. */
export const BASE_NS = 1_700_000_000_000_000_000n;

const timeOf = ({ timeNs }: Packet, index: number): bigint =>
  timeNs ?? BASE_NS + BigInt(index) * 1_000_000n;

export function pcap(packets: readonly Packet[], options: PcapOptions = {}): Bytes {
  const { link = 1, bigEndian = false, nano = false, modified = false } = options;
  const [u16, u32] = bigEndian ? [be16, be32] : [le16, le32];
  const magic = modified ? 0xa1b2cd34 : nano ? 0xa1b23c4d : 0xa1b2c3d4;
  const head = [
    ...u32(magic),
    ...u16(2),
    ...u16(4),
    ...u32(0),
    ...u32(0),
    ...u32(262144),
    ...u32(link),
  ];
  const records = packets.map((packet, index) => {
    const time = timeOf(packet, index);
    const fraction = Number(time % 1_000_000_000n);
    return concat(
      u32(Number(time / 1_000_000_000n)),
      u32(nano ? fraction : Math.floor(fraction / 1000)),
      u32(packet.bytes.length),
      u32(packet.original ?? packet.bytes.length),
      modified ? Array(8).fill(0) : [],
      packet.bytes,
    );
  });
  return concat(head, ...records);
}

/** Blocks of pcapng in one byte order. */
export function pcapng(bigEndian = false) {
  const [u16, u32] = bigEndian ? [be16, be32] : [le16, le32];
  const padded = (bytes: Bytes) => concat(bytes, Array(-bytes.length & 3).fill(0));
  const block = (type: number, ...body: (Bytes | readonly number[])[]) => {
    const content = padded(concat(...body));
    const size = u32(content.length + 12);
    return concat(u32(type), size, content, size);
  };
  const option = (code: number, value: Bytes | readonly number[]) =>
    concat(u16(code), u16(value.length), padded(Uint8Array.from(value)));
  const timed = (units: bigint, { bytes, original }: Packet) =>
    concat(
      u32(Number(units >> 32n)),
      u32(Number(units & 0xffff_ffffn)),
      u32(bytes.length),
      u32(original ?? bytes.length),
      padded(bytes),
    );
  return {
    block,
    option,
    u32,
    section: (major = 1) =>
      block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(major), u16(0), Array(8).fill(255)),
    describe: (link: number, snap = 0, ...options: Bytes[]) =>
      block(1, u16(link), u16(0), u32(snap), ...options, options.length > 0 ? u32(0) : []),
    enhanced: (number: number, units: bigint, packet: Packet, ...options: Bytes[]) =>
      block(6, u32(number), timed(units, packet), ...options),
    old: (number: number, units: bigint, packet: Packet) =>
      block(2, u16(number), u16(0), timed(units, packet)),
    simple: ({ bytes, original }: Packet) => block(3, u32(original ?? bytes.length), bytes),
  };
}
