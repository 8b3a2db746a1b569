/** Everything that may be around IP, and IP itself: the datagram inside is found and its ends. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Bytes,
  be16,
  be32,
  concat,
  ethernet,
  type Ipv4,
  ipv4,
  ipv6,
  latin1,
  le16,
  le32,
  pcap,
  udp,
} from "./packets.ts";
import { type NetModule, netModule } from "./support/net-module.ts";

const FRAGMENTS_DROPPED = 21;
const CLIENT_PORT = 1111;
const SERVER_PORT = 2222;

let module: NetModule;
beforeAll(async () => {
  module = await netModule();
});

const inner = udp(CLIENT_PORT, SERVER_PORT, "found");
const v4 = ipv4({ protocol: 17 }, inner);
const v6 = ipv6(17, inner);
const inEthernet = ethernet(0x0800, v4);
const outer = (protocol: number, ...parts: (Bytes | number[])[]) =>
  ipv4({ protocol, source: [10, 0, 0, 1], destination: [10, 0, 0, 2] }, concat(...parts));
const inUdp = (port: number, ...parts: (Bytes | number[])[]) =>
  outer(17, udp(5000, port, concat(...parts)));
const zeros = (size: number): number[] => Array(size).fill(0);
const SNAP = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
/** 802.11: frame control, then addresses and sequence. */
const wlan = (control: number[], head = 24): Bytes => concat(control, zeros(head - 2), SNAP, v4);
const gre = (flags: number, type: number, options: number, ...parts: (Bytes | number[])[]) =>
  outer(47, be16(flags), be16(type), zeros(options), ...parts);
const extension = (next: number, size: number) => [next, size / 8 - 1, ...zeros(size - 2)];

const found = (link: number, bytes: Bytes) => {
  const { events, flows } = module.capture(pcap([{ bytes }], { link }), { flows: true });
  return events.map(({ text }) => `${text} ${flows.at(-1)?.client} ${flows.at(-1)?.server}`);
};
const IN_V4 = "found 192.0.2.1:1111 192.0.2.2:2222";
const IN_V6 = `found 20010db8${"0".repeat(22)}01:1111 20010db8${"0".repeat(22)}02:2222`;

describe("link layers", () => {
  it.each<[string, number, Bytes]>([
    ["NULL, little endian", 0, concat(le32(2), v4)],
    ["NULL, big endian", 0, concat(be32(2), v4)],
    ["Ethernet", 1, inEthernet],
    ["Ethernet with padding", 1, concat(inEthernet, latin1("padding"))],
    ["802.1Q", 1, ethernet(0x8100, concat([0, 5], be16(0x0800), v4))],
    ["QinQ", 1, ethernet(0x88a8, concat([0, 5], be16(0x8100), [0, 6], be16(0x0800), v4))],
    ["802.3 with SNAP", 1, ethernet(8 + v4.length, concat(SNAP, v4))],
    ["MPLS", 1, ethernet(0x8847, concat([0, 1, 0, 9], [0, 2, 1, 9], v4))],
    ["MPLS pseudowire", 1, ethernet(0x8847, concat([0, 2, 1, 9], zeros(4), inEthernet))],
    ["PPPoE", 1, ethernet(0x8864, concat([0x11, 0, 0, 1], be16(v4.length + 2), be16(0x21), v4))],
    ["802.1ah", 1, ethernet(0x88e7, concat(zeros(4), inEthernet))],
    ["PPP", 9, concat([0xff, 3], be16(0x21), v4)],
    ["PPP, compressed", 9, concat([0x21], v4)],
    ["raw IP", 101, v4],
    ["Cisco HDLC", 104, concat([0x0f, 0], be16(0x0800), v4)],
    ["802.11 data", 105, wlan([8, 0])],
    ["802.11 QoS data", 105, wlan([0x88, 1], 26)],
    ["802.11, four addresses", 105, wlan([8, 3], 30)],
    ["LOOP", 108, concat(be32(2), v4)],
    ["Linux cooked", 113, concat(zeros(14), be16(0x0800), v4)],
    ["Linux cooked with VLAN", 113, concat(zeros(14), be16(0x8100), [0, 5], be16(0x0800), v4)],
    ["802.11, decrypted", 105, wlan([8, 0x41])],
    [
      "802.11, decrypted behind a head of WEP",
      105,
      concat([8, 0x41], zeros(22), [1, 2, 3, 0], SNAP, v4),
    ],
    ["802.11 in Ethernet", 1, ethernet(0x2452, wlan([8, 2]))],
    ["Prism", 119, concat(be32(0x44), be32(144), zeros(136), wlan([8, 0]))],
    ["AVS", 119, concat(be32(0x80211001), be32(64), zeros(56), wlan([8, 0]))],
    ["radiotap", 127, concat([0, 0], le16(8), le32(0), wlan([8, 0]))],
    [
      "radiotap that says that heads are padded",
      127,
      concat([0, 0], le16(9), le32(2), [0x20], concat([0x88, 1], zeros(26), SNAP, v4)),
    ],
    ["ARCNET", 129, concat([1, 2, 0, 0, 212, 0, 0, 0], v4)],
    ["PPI", 192, concat([0, 0], le16(8), le32(105), wlan([8, 0]))],
    ["IPv4", 228, v4],
    [
      "NFLOG",
      239,
      concat([2, 0, 0, 0], le16(5), le16(3), zeros(4), le16(4 + v4.length), le16(9), v4),
    ],
    ["Linux cooked 2", 276, concat(be16(0x0800), zeros(18), v4)],
  ])("%s", (_name, link, bytes) => {
    expect(found(link, bytes)).toEqual([IN_V4]);
  });

  it.each<[string, number, Bytes]>([
    [
      "encrypted 802.11",
      105,
      concat([8, 0x40], zeros(22), [1, 2, 3, 0x20], latin1("found".repeat(20))),
    ],
    ["802.11 without data", 105, wlan([0x48, 0])],
    ["a link type nobody knows", 147, v4],
    ["ARP", 1, ethernet(0x0806, concat(zeros(28)))],
    [
      "ICMP with a datagram inside",
      1,
      ethernet(0x0800, ipv4({ protocol: 1 }, concat(zeros(8), v4))),
    ],
  ])("nothing in %s", (_name, link, bytes) => {
    expect(found(link, bytes)).toEqual([]);
    expect(module.memory.indexOf(latin1("found"))).toBe(-1);
  });
});

describe("tunnels", () => {
  const pseudo = { grePpp: concat([0xff, 3], be16(0x21), v4) };
  it.each<[string, Bytes]>([
    ["GRE", gre(0, 0x0800, 0, v4)],
    ["GRE with checksum, key and sequence", gre(0xb000, 0x0800, 12, v4)],
    ["GRE with Ethernet", gre(0x2000, 0x6558, 4, inEthernet)],
    ["PPTP", gre(0x3081, 0x880b, 12, pseudo.grePpp)],
    ["ERSPAN I", gre(0, 0x88be, 0, inEthernet)],
    ["ERSPAN II", gre(0x1000, 0x88be, 4, zeros(8), inEthernet)],
    ["ERSPAN III", gre(0x1000, 0x22eb, 4, zeros(12), inEthernet)],
    [
      "ERSPAN III with a platform head",
      gre(0x1000, 0x22eb, 4, zeros(11), [1], zeros(8), inEthernet),
    ],
    ["802.11 of an access point in GRE", gre(0, 0x8200, 0, wlan([0x88, 1], 26))],
    ["IP in IP", outer(4, v4)],
    ["IPv4 in IPv6", ipv6(4, v4)],
    ["EtherIP", outer(97, [0x30, 0], inEthernet)],
    ["VXLAN", inUdp(4789, [8], zeros(7), inEthernet)],
    ["VXLAN-GPE", inUdp(4790, [0x0c, 0, 0, 1], zeros(4), v4)],
    ["Geneve with options", inUdp(6081, [1, 0], be16(0x6558), zeros(8), inEthernet)],
    ["GTP-U", inUdp(2152, [0x30, 255], be16(v4.length), zeros(4), v4)],
    ["GTP-U with extensions", inUdp(2152, [0x34, 255], zeros(9), [0x85, 1, 0, 0, 0], v4)],
    ["GRE in UDP", inUdp(4754, be16(0), be16(0x0800), v4)],
    [
      "a tunnel in a tunnel in a tunnel",
      inUdp(4789, [8], zeros(7), ethernet(0x0800, gre(0, 0x0800, 0, outer(4, v4)))),
    ],
  ])("%s", (_name, bytes) => {
    expect(found(101, bytes)).toEqual([IN_V4]);
  });

  it("6in4", () => {
    expect(found(101, outer(41, v6))).toEqual([IN_V6]);
  });

  it("is none: what comes to the port of one is a datagram", () => {
    expect(found(101, inUdp(4789, latin1("datagram")))).toEqual([
      "datagram 10.0.0.1:5000 10.0.0.2:4789",
    ]);
  });
});

describe("IP", () => {
  it.each<[string, Bytes]>([
    ["IPv6", v6],
    [
      "hop by hop, routing and destination options",
      ipv6(0, concat(extension(43, 8), extension(60, 16), extension(17, 8), inner)),
    ],
    ["authentication", ipv6(51, concat([17, 4], zeros(22), inner))],
    ["a fragment that is the whole", ipv6(44, concat([17, 0, 0, 0], be32(5), inner))],
  ])("%s", (_name, bytes) => {
    expect(found(101, bytes)).toEqual([IN_V6]);
  });

  it("has options", () => {
    expect(found(101, ipv4({ protocol: 17, options: [1, 1, 1, 0] }, inner))).toEqual([IN_V4]);
  });

  it("says the size of what was cut off without a word", () => {
    const cut = ipv4({ protocol: 17 }, udp(CLIENT_PORT, SERVER_PORT, "found it")).subarray(0, 33);
    expect(found(101, cut)).toEqual([IN_V4]);
  });

  it("has no total length where the network card cuts packets up", () => {
    const bytes = v4.slice();
    bytes.fill(0, 2, 4);
    expect(found(101, bytes)).toEqual([IN_V4]);
  });
});

const CONTENT_MAX = 6000;
const content = fc.string({
  unit: fc.constantFrom(..."abcdefgh"),
  minLength: 17,
  maxLength: CONTENT_MAX,
});

/** The datagram in fragments that are cut at multiples of eight. */
function fragments(
  bytes: Bytes,
  cuts: readonly number[],
  make: (at: number, end: number) => Bytes,
): Bytes[] {
  const inside = cuts.map((cut) => cut * 8).filter((cut) => cut > 0 && cut < bytes.length);
  const at = [...new Set([0, ...inside, bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => make(at[index] ?? 0, end));
}
const cutsAnywhere = fc.array(fc.nat(CONTENT_MAX / 8), { minLength: 1, maxLength: 20 });

const fourOf =
  (bytes: Bytes, rest: Partial<Ipv4> = {}) =>
  (at: number, end: number) =>
    ipv4(
      { protocol: 17, id: 7, offset: at, more: end < bytes.length, ...rest },
      bytes.slice(at, end),
    );
const sixOf = (bytes: Bytes) => (at: number, end: number) =>
  ipv6(44, concat([17, 0], be16(at | (end < bytes.length ? 1 : 0)), be32(9), bytes.slice(at, end)));

describe("fragments", () => {
  const capture = (packets: readonly Bytes[]) =>
    module.capture(
      pcap(
        packets.map((bytes) => ({ bytes })),
        { link: 101 },
      ),
    );

  it.each([
    ["IPv4", fourOf],
    ["IPv6", sixOf],
  ])("of %s are put together in any order, once", (_name, of) => {
    const shuffled = fc.tuple(content, cutsAnywhere).chain(([text, cuts]) => {
      const bytes = udp(CLIENT_PORT, SERVER_PORT, text);
      const list = fragments(bytes, cuts, of(bytes));
      const order = fc.shuffledSubarray([...list, ...list.slice(0, -1)], {
        minLength: list.length,
      });
      return fc.tuple(fc.constant(text), fc.constant(list), order);
    });
    fc.assert(
      fc.property(shuffled, ([text, list, order]) => {
        const all = list.every((one) => order.includes(one));
        const { events } = capture(order);
        const whole = events.filter(({ size }) => size === text.length);
        expect(whole.length).toBeLessThanOrEqual(2);
        if (all) expect(whole[0]?.text).toBe(text);
        else expect(events).toEqual([]);
        expect(module.blocksInUse).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("keep the byte that came first where they overlap", () => {
    const first = concat(be16(1), be16(2), be16(32), [0, 0], latin1("AAAAAAAA"));
    const packets = [
      ipv4({ protocol: 17, id: 1, offset: 0, more: true }, first),
      ipv4({ protocol: 17, id: 1, offset: 8, more: true }, latin1("bbbbbbbbBBBBBBBB")),
      ipv4({ protocol: 17, id: 1, offset: 16 }, latin1("ccccccccCCCCCCCC")),
    ];
    expect(capture(packets).events).toMatchObject([{ text: "AAAAAAAABBBBBBBBCCCCCCCC" }]);
  });

  it("of different datagrams are kept apart, and the oldest given up for a new one", () => {
    const bytes = udp(CLIENT_PORT, SERVER_PORT, "0123456789abcdef");
    const of = (id: number) => fragments(bytes, [1], fourOf(bytes, { id }));
    const heads = [...Array(65).keys()].map((id) => of(id)[0] as Bytes);
    const tails = [...Array(65).keys()].map((id) => of(id)[1] as Bytes);
    const { events, counter } = capture([...heads, ...tails.reverse()]);
    expect(events).toHaveLength(64);
    // The one given up, and its tail that waits for a head.
    expect(counter(FRAGMENTS_DROPPED)).toBe(2);
  });

  it("wait half a minute of the capture's time", () => {
    const bytes = udp(CLIENT_PORT, SERVER_PORT, "0123456789abcdef");
    const [head, tail] = fragments(bytes, [1], fourOf(bytes)) as [Bytes, Bytes];
    const at = (seconds: number) => [
      { bytes: head, timeNs: 10n ** 18n },
      { bytes: tail, timeNs: 10n ** 18n + BigInt(seconds) * 10n ** 9n },
    ];
    expect(module.capture(pcap(at(29), { link: 101 })).events).toHaveLength(1);
    expect(module.capture(pcap(at(31), { link: 101 })).events).toHaveLength(0);
  });

  it("that are cut give what the first has", () => {
    const bytes = udp(CLIENT_PORT, SERVER_PORT, "0123456789abcdef".repeat(20));
    const head = fourOf(bytes)(0, 160);
    const cut = { bytes: head.subarray(0, 60), original: head.length };
    const { events } = module.capture(pcap([cut], { link: 101 }));
    expect(events.map(({ text }) => text)).toEqual(["0123456789abcdef".repeat(2)]);
  });

  it("within a tunnel within fragments are put together", () => {
    const bytes = udp(CLIENT_PORT, SERVER_PORT, "x".repeat(3000));
    const insides = fragments(bytes, [100, 250], fourOf(bytes));
    const packets = insides.flatMap((inside, index) =>
      fragments(inside, [50], fourOf(inside, { protocol: 4, id: 100 + index })),
    );
    const { events } = capture(packets);
    expect(events).toMatchObject([{ size: 3000 }]);
    expect(module.memory.indexOf(latin1("xxxxxx"))).toBe(-1);
  });

  it("carry a stream that fills the output, which comes again without loss", () => {
    const head = concat(be16(1), be16(2), be32(5), be32(0), [0x50, 16], zeros(6));
    const bytes = concat(head, latin1("y".repeat(60_000)));
    const list = fragments(bytes, [1000, 3000, 7000], fourOf(bytes, { protocol: 6 }));
    const { events } = capture(list);
    expect(events.filter(({ kind }) => kind === "bytes")).toMatchObject([{ size: 60_000 }]);
    expect(events.filter(({ kind }) => kind === "gap")).toEqual([]);
  });

  it("beyond the largest datagram are dropped", () => {
    const packets = [
      ipv4({ protocol: 17, id: 3, offset: 0, more: true }, concat(zeros(800))),
      ipv4({ protocol: 17, id: 3, offset: 65_528 }, concat(zeros(64))),
    ];
    const { events, counter } = capture(packets);
    expect(events).toEqual([]);
    expect(counter(FRAGMENTS_DROPPED)).toBe(2);
  });
});
