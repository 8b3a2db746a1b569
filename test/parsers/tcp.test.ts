/** TCP: whatever happens to the segments, a protocol is given the bytes in order, or exact gaps. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ACK,
  BASE_NS,
  FIN,
  latin1,
  type Packet,
  packet,
  pcap,
  RST,
  type Segment,
  SYN,
} from "./packets.ts";
import { type Event, type NetModule, netModule } from "./support/net-module.ts";

const TCP_SEGMENTS = 22;
const TCP_RETRANSMITTED = 23;
const TCP_OUT_OF_ORDER = 24;
const TCP_DROPPED = 25;
const CLIENT_INITIAL = 1000;
const SERVER_INITIAL = 9000;

let module: NetModule;
beforeAll(async () => {
  module = await netModule();
});

/** `>` is the client's, `<` the server's: bytes as they are, gaps in brackets, `|` an end. */
function show(events: readonly Event[], clientSide = 0): string[] {
  return events.map(({ kind, side, size, text }) => {
    const what = { bytes: text, datagram: `udp ${text}`, gap: `[${size}]`, finish: "|" }[kind];
    return `${side === clientSide ? ">" : "<"}${what}`;
  });
}

const run = (segments: readonly Segment[], piece?: number) =>
  module.capture(
    pcap(segments.map((segment) => packet(segment))),
    piece === undefined ? {} : { piece },
  );

/** Segments of a connection that was opened with both SYNs; sequences count from its first byte. */
const opened = (...segments: Segment[]): Segment[] => [
  { from: "client", sequence: CLIENT_INITIAL, flags: SYN },
  {
    from: "server",
    sequence: SERVER_INITIAL,
    acknowledgement: CLIENT_INITIAL + 1,
    flags: SYN | ACK,
  },
  ...segments,
];
const client = (offset: number, payload: string, rest: Partial<Segment> = {}): Segment => ({
  from: "client",
  sequence: CLIENT_INITIAL + 1 + offset,
  acknowledgement: SERVER_INITIAL + 1,
  payload,
  ...rest,
});
const server = (offset: number, payload: string, rest: Partial<Segment> = {}): Segment => ({
  from: "server",
  sequence: SERVER_INITIAL + 1 + offset,
  acknowledgement: CLIENT_INITIAL + 1,
  payload,
  ...rest,
});
const sees = (bytes: number): Partial<Segment> => ({ acknowledgement: CLIENT_INITIAL + 1 + bytes });
const seesServer = (bytes: number): Partial<Segment> => ({
  acknowledgement: SERVER_INITIAL + 1 + bytes,
});

describe("in order", () => {
  it("gives both directions, and their ends", () => {
    const { events } = run(
      opened(
        client(0, "ask"),
        server(0, "answer", sees(3)),
        client(3, "", { ...seesServer(6), flags: FIN | ACK }),
        server(6, "", { ...sees(4), flags: FIN | ACK }),
      ),
    );
    expect(show(events)).toEqual([">ask", "<answer", ">|", "<|"]);
    expect(events[0]?.timeNs).toBe(BASE_NS + 2_000_000n);
  });

  it("counts packets and payload of each side", () => {
    const file = pcap(
      opened(client(0, "ask"), server(0, "answer", sees(3))).map((one) => packet(one)),
    );
    const { flows, counter } = module.capture(file, { flows: true });
    expect(flows.at(-1)).toEqual({
      client: "192.0.2.1:40000",
      server: "192.0.2.2:80",
      bytes: [3, 6],
      packets: [2, 2],
    });
    expect(counter(TCP_SEGMENTS)).toBe(4);
  });

  it("gives the payload of a SYN, and of a FIN before its end", () => {
    const { events } = run([
      { from: "client", sequence: 7, flags: SYN, payload: "early" },
      { from: "client", sequence: 13, flags: FIN | ACK, payload: "late" },
    ]);
    expect(show(events).slice(0, 2)).toEqual([">earlylate", ">|"]);
  });

  it("passes 2^32", () => {
    const { events } = run([
      { from: "client", sequence: 0xffff_fffd, flags: SYN },
      { from: "client", sequence: 0xffff_fffe, payload: "abcd" },
      { from: "client", sequence: 2, payload: "ef" },
    ]);
    expect(show(events)[0]).toBe(">abcdef");
  });
});

/** What was sent of a stream: pieces of it, perhaps with other bytes, in any order. */
interface Piece {
  offset: number;
  bytes: Uint8Array;
}
const STREAM_MAX = 4000;
const stream = fc.uint8Array({ minLength: 1, maxLength: STREAM_MAX });
const copies = fc.array(fc.tuple(fc.nat(STREAM_MAX), fc.integer({ min: 1, max: 1460 })), {
  maxLength: 40,
});

/** Pieces that cover the stream, cut anywhere, and more of it, shuffled. */
const covering = fc
  .tuple(stream, fc.array(fc.nat(STREAM_MAX), { maxLength: 25 }), copies)
  .chain(([bytes, cuts, more]) => {
    const at = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])];
    at.sort((a, b) => a - b);
    const whole = at.slice(1).map((end, index) => pieceOf(bytes, at[index] ?? 0, end));
    const extra = more
      .filter(([offset]) => offset < bytes.length)
      .map(([offset, size]) => pieceOf(bytes, offset, offset + size));
    const order = fc.shuffledSubarray([...whole, ...extra], {
      minLength: whole.length + extra.length,
    });
    return fc.tuple(fc.constant(bytes), order);
  });

const pieceOf = (bytes: Uint8Array, from: number, to: number): Piece => ({
  offset: from,
  bytes: bytes.slice(from, to),
});

function fileOf(pieces: readonly Piece[], initial: number): Uint8Array {
  const segments: Segment[] = [
    { from: "client", sequence: initial, flags: SYN },
    ...pieces.map(
      ({ offset, bytes }): Segment => ({
        from: "client",
        sequence: (initial + 1 + offset) >>> 0,
        payload: bytes,
      }),
    ),
  ];
  return pcap(segments.map((segment) => packet(segment)));
}

const options = fc.record({
  initial: fc.oneof(fc.constant(0xffff_fff0), fc.integer({ min: 0, max: 0xffff_ffff })),
  piece: fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 3000 })),
});
const pieceOption = (piece: number | undefined) => (piece === undefined ? {} : { piece });

/** What is delivered when the byte that comes first at its place stays: bytes and gaps. */
function firstWins(pieces: readonly Piece[]): (string | number)[] {
  const places: (number | undefined)[] = [];
  for (const { offset, bytes } of pieces) {
    bytes.forEach((byte, index) => {
      places[offset + index] ??= byte;
    });
  }
  const result: (string | number)[] = [];
  for (let at = 0; at < places.length; ) {
    const start = at;
    const isHole = places[at] === undefined;
    while (at < places.length && (places[at] === undefined) === isHole) at++;
    result.push(
      isHole ? at - start : Buffer.from(places.slice(start, at) as number[]).toString("latin1"),
    );
  }
  return result;
}

function delivered(events: readonly Event[]): (string | number)[] {
  const result: (string | number)[] = [];
  for (const { kind, size, text } of events) {
    const last = result.at(-1);
    if (kind === "gap") result.push(size);
    else if (kind === "bytes" && typeof last === "string") result[result.length - 1] = last + text;
    else if (kind === "bytes") result.push(text);
  }
  return result;
}

describe("any order", () => {
  it("gives the same bytes for any cuts, order, copies and reading", () => {
    fc.assert(
      fc.property(covering, options, ([bytes, pieces], { initial, piece }) => {
        const { events } = module.capture(fileOf(pieces, initial), pieceOption(piece));
        expect(delivered(events)).toEqual([Buffer.from(bytes).toString("latin1")]);
        expect(module.blocksInUse).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps the byte that came first, and gives holes their exact size", () => {
    const pieces = fc.array(
      fc.record({ offset: fc.nat(3000), bytes: fc.uint8Array({ minLength: 1, maxLength: 700 }) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, options, (list, { initial, piece }) => {
        const { events } = module.capture(fileOf(list, initial), pieceOption(piece));
        expect(delivered(events)).toEqual(firstWins(list));
        expect(module.blocksInUse).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("gives bytes that the snap length cut off as a gap, wherever the segment came", () => {
    const pieces = covering.chain(([bytes, list]) =>
      fc.tuple(fc.constant(bytes), fc.constant(list), fc.infiniteStream(fc.nat(100))),
    );
    fc.assert(
      fc.property(pieces, options, ([bytes, list, keep], { initial, piece }) => {
        const packets: Packet[] = [packet({ from: "client", sequence: initial, flags: SYN })];
        for (const { offset, bytes } of list) {
          const captured = Math.min(bytes.length, keep.next().value ?? 0);
          const sequence = (initial + 1 + offset) >>> 0;
          packets.push(packet({ from: "client", sequence, payload: bytes, captured }));
        }
        const { events } = module.capture(pcap(packets), pieceOption(piece));
        let at = 0;
        for (const { kind, size, text } of events) {
          if (kind === "bytes") {
            expect(text).toBe(Buffer.from(bytes.slice(at, at + size)).toString("latin1"));
          }
          at += size;
        }
        expect(at).toBe(bytes.length);
      }),
      { numRuns: 200 },
    );
  });

  it("counts what came twice and what came too early", () => {
    const { events, counter } = run(
      opened(client(0, "ab"), client(4, "ef"), client(2, "cd"), client(0, "ab")),
    );
    expect(show(events)[0]).toBe(">abcdef");
    expect(counter(TCP_OUT_OF_ORDER)).toBe(1);
    expect(counter(TCP_RETRANSMITTED)).toBe(1);
  });

  it("gives bytes that waited the time of the packet that let them go", () => {
    const { events } = run(opened(client(2, "cd"), server(0, ""), client(0, "ab")));
    expect(events[0]?.timeNs).toBe(BASE_NS + 4_000_000n);
  });
});

describe("loss", () => {
  it("gives a hole up when it was acknowledged and did not come within three packets", () => {
    const lost = opened(
      client(0, "ab"),
      client(4, "ef"),
      server(0, "", sees(6)),
      server(0, "1", sees(6)),
      server(1, "2", sees(6)),
      server(2, "3", sees(6)),
      client(6, "gh"),
    );
    const { events } = run(lost);
    expect(show(events).slice(0, 5)).toEqual([">ab", ">[2]", ">ef", "<123", ">gh"]);
    // As early as it was captured, not as late as it was known to be all.
    expect(events[2]?.timeNs).toBe(BASE_NS + 3_000_000n);
  });

  it("waits for what the capture has in another order, and keeps the answer behind it", () => {
    const { events } = run(
      opened(server(0, "answer", sees(3)), client(0, "ask"), client(3, "more", seesServer(6))),
    );
    expect(show(events).slice(0, 3)).toEqual([">ask", "<answer", ">more"]);
  });

  it("gives a lost request as a gap before its answer", () => {
    const answers = [0, 1, 2, 3].map((at) => server(at, "abcd"[at] ?? "", sees(100)));
    const { events } = run(opened(...answers));
    expect(show(events).slice(0, 2)).toEqual([">[100]", "<abcd"]);
  });

  it("gives holes up before the end of the capture, the client's first", () => {
    const { events } = run(opened(server(3, "late"), client(5, "late")));
    expect(show(events)).toEqual([">[5]", ">late", "<[3]", "<late", ">|", "<|"]);
  });

  it("gives up the first hole when there are too many", () => {
    const many = [...Array(70).keys()].map((index) => client(1 + 2 * index, "x"));
    const { events } = run(opened(...many, server(0, "")));
    expect(delivered(events)).toEqual([...Array(70).keys()].flatMap(() => [1, "x"]));
    // Six holes more than it waits for: given up as the packets came, the others at the end.
    const end = BASE_NS + 72_000_000n;
    const early = events.filter(({ kind, timeNs }) => kind === "gap" && timeNs < end);
    expect(early).toHaveLength(6);
  });

  it("bounds what waits", () => {
    const size = 60_000;
    const segments = [...Array(8).keys()].map((index) =>
      client(1 + index * size, "y".repeat(size)),
    );
    const { events } = run(opened(...segments));
    expect(delivered(events)).toEqual([1, "y".repeat(8 * size)]);
    expect(events[0]?.timeNs).toBeLessThan(BASE_NS + 9_000_000n);
    expect(module.blocksInUse).toBe(0);
  });

  it("knows the size of what was cut off without a word", () => {
    const cut = packet(client(0, "abcdef")).bytes.subarray(0, -4);
    const file = pcap([
      ...opened().map((one) => packet(one)),
      { bytes: cut },
      packet(client(6, "gh")),
    ]);
    expect(show(module.capture(file).events).slice(0, 3)).toEqual([">ab", ">[4]", ">gh"]);
  });

  it("is not led astray by probes of a live connection", () => {
    const { events } = run(
      opened(
        client(0, "ask"),
        server(0, "", sees(3)),
        client(2, "", seesServer(0)), // keep-alive
        client(2, "?", seesServer(0)), // keep-alive with a byte
        server(0, "", sees(3)),
        client(3, "m", seesServer(0)), // probe of a closed window, and the same again
        client(3, "more", seesServer(0)),
      ),
    );
    expect(show(events)[0]).toBe(">askmore");
  });
});

describe("the beginning", () => {
  it("joins in the middle, where the port tells the client", () => {
    const { events, flows } = module.capture(
      pcap([
        packet({ from: "server", sequence: 77, acknowledgement: 500, payload: "rest" }),
        packet({ from: "client", sequence: 500, acknowledgement: 81, payload: "next" }),
      ]),
      { flows: true },
    );
    expect(show(events, 1).slice(0, 2)).toEqual(["<rest", ">next"]);
    expect(flows.at(-1)).toMatchObject({ client: "192.0.2.1:40000", server: "192.0.2.2:80" });
  });

  it("does not take a probe of an idle connection for its first byte", () => {
    const probe: Segment = { from: "client", sequence: 500, payload: "?" };
    const { events } = run([probe, probe, { from: "client", sequence: 501, payload: "next" }]);
    expect(show(events)[0]).toBe(">next");
  });

  it("knows what is missing of a side from the first acknowledgement of the other", () => {
    const { events } = run([
      { from: "server", sequence: 77, acknowledgement: 500, payload: "rest" },
      { from: "client", sequence: 510, acknowledgement: 81, payload: "next" },
    ]);
    expect(show(events, 1).slice(0, 3)).toEqual(["<rest", ">[10]", ">next"]);
  });

  it("gives one direction alone without gaps of the other", () => {
    const { events } = run([0, 2, 4, 6, 8].map((at) => server(at, "xy", sees(at * 10))));
    expect(show(events, 1)[0]).toBe("<xyxyxyxyxy");
    expect(events.filter(({ kind }) => kind === "gap")).toEqual([]);
  });

  it("takes a second SYN of the same number for the same, of another for another connection", () => {
    const first = opened(client(0, "one"));
    const again: Segment[] = [
      ...first.slice(0, 1),
      { from: "client", sequence: 500_000, flags: SYN },
      { from: "client", sequence: 500_001, payload: "two" },
    ];
    const { events } = run([...first, ...again]);
    expect(show(events)).toEqual([">one", ">|", "<|", ">two", ">|", "<|"]);
  });

  it("takes the sender of a SYN for the client whatever its port", () => {
    const file = pcap([
      packet({ from: "server", sequence: 1, flags: SYN }),
      packet({ from: "client", sequence: 5, acknowledgement: 2, flags: SYN | ACK }),
    ]);
    const { flows } = module.capture(file, { flows: true });
    expect(flows.at(-1)).toMatchObject({ client: "192.0.2.2:80", server: "192.0.2.1:40000" });
  });

  it("takes the receiver of a SYN-ACK for the client", () => {
    const file = pcap([
      packet({ from: "server", sequence: 5, acknowledgement: 2, flags: SYN | ACK }),
    ]);
    const { flows } = module.capture(file, { flows: true });
    expect(flows.at(-1)).toMatchObject({ client: "192.0.2.1:40000", server: "192.0.2.2:80" });
  });
});

describe("the end", () => {
  it("ends both directions at a reset, and ignores what comes late", () => {
    const { events, counter } = run(
      opened(
        client(0, "ask"),
        server(0, "", { flags: RST | ACK }),
        client(3, "late"),
        client(0, "ask"),
      ),
    );
    expect(show(events)).toEqual([">ask", ">|", "<|"]);
    expect(counter(TCP_DROPPED)).toBe(2);
  });

  it("opens a connection anew that was refused and tried again with the same number", () => {
    const attempt: Segment = { from: "client", sequence: CLIENT_INITIAL, flags: SYN };
    const refusal = server(0, "", { sequence: 0, flags: RST | ACK });
    const { events } = run([attempt, refusal, ...opened(client(0, "ask"))]);
    expect(show(events).slice(0, 3)).toEqual([">|", "<|", ">ask"]);
  });

  it("does not believe a reset out of the window", () => {
    const { events, counter } = run(
      opened(
        client(0, "ask"),
        server(50_000_000, "", { flags: RST }),
        server(0, "answer", sees(3)),
      ),
    );
    expect(show(events).slice(0, 2)).toEqual([">ask", "<answer"]);
    expect(counter(TCP_DROPPED)).toBe(1);
  });

  it("gives what waited before a reset", () => {
    const { events } = run(opened(client(4, "ef"), client(6, "", { flags: RST })));
    expect(show(events)).toEqual([">[4]", ">ef", ">|", "<|"]);
  });

  it("gives the end only behind all bytes, and nothing behind it", () => {
    const { events } = run(
      opened(client(2, "cd", { flags: FIN | ACK }), client(0, "ab"), client(4, "forged")),
    );
    expect(show(events).slice(0, 2)).toEqual([">abcd", ">|"]);
    expect(delivered(events)).toEqual(["abcd"]);
  });

  it("does not open a connection anew for late copies of its last segments", () => {
    const end = [
      client(0, "x", { flags: FIN | ACK }),
      server(0, "y", { ...sees(2), flags: FIN | ACK }),
    ];
    const { events, flows } = module.capture(
      pcap([...opened(...end), ...end].map((one) => packet(one))),
      { flows: true },
    );
    expect(show(events)).toEqual([">x", ">|", "<y", "<|"]);
    expect(flows.map(({ packets }) => packets)).toEqual([[3, 3]]);
  });
});

describe("memory", () => {
  it("has nothing of what waited, was cut or came twice, once it is read", () => {
    const secret = (index: number) => `S3CR3T-${index}-${"#".repeat(300)}`;
    run(
      opened(
        client(0, secret(0)),
        client(0, secret(1)),
        client(5000, secret(2)),
        client(9000, secret(3), { captured: 40 }),
        server(0, secret(4), { flags: RST }),
        client(307, secret(5)),
      ),
      100,
    );
    expect(module.memory.indexOf(latin1("S3CR3T"))).toBe(-1);
    expect(module.memory.indexOf(latin1("######"))).toBe(-1);
  });
});
