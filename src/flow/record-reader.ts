/**
 * Reads flow records in place (layout: `model/flow-record.ts`, owner
 * `bpf/include/flow_record.h`): one cursor over a batch, one accessor per field, no object per
 * record. A record whose closed fields hold no defined value is skipped and counted.
 *
 * Bounds: two intern tables of 8192 addresses and 1024 command names, at most ~1 MiB.
 */

import {
  FLOW_RECORD_OFFSETS as AT,
  FLOW_RECORD_SIZE,
  FlowRecordKind,
  FlowRole,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../model/flow-record.ts";
import { formatIpv4, formatIpv6 } from "./address.ts";
import { InternTable } from "./intern-table.ts";

const ADDRESS_SLOTS = 8192;
const COMM_SLOTS = 1024;
const COMM_SIZE = 16;
const COMM_TAG = 1;
const TWO_TO_32 = 0x1_0000_0000;
/** High word of 2^53: from here on a number is no longer exact. */
const HIGH_WORD_UNSAFE = 0x20_0000;
/** High word of 2^62 ns: no uptime, and Unix time plus this would leave int64. */
const HIGH_WORD_NO_TIME = 0x4000_0000;
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
const EMPTY = new DataView(new ArrayBuffer(0));

export class FlowRecordReader {
  readonly #addresses = new InternTable(ADDRESS_SLOTS, (view, at, family) =>
    family === 4 ? formatIpv4(view, at) : formatIpv6(view, at),
  );
  readonly #comms = new InternTable(COMM_SLOTS, decodeComm);
  #view: DataView = EMPTY;
  #at = 0;
  #next = 0;
  #received = 0;
  #malformed = 0;

  /** Records seen, the malformed ones included. */
  get received(): number {
    return this.#received;
  }

  /** Records skipped: a closed field out of its set, or a batch that ends inside a record. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Begin a batch of back-to-back records; borrowed until the next `reset`. */
  reset(records: Uint8Array): void {
    this.#view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    this.#next = 0;
  }

  /** Move to the next well-formed record; false at the end of the batch. */
  next(): boolean {
    while (this.#next + FLOW_RECORD_SIZE <= this.#view.byteLength) {
      this.#at = this.#next;
      this.#next += FLOW_RECORD_SIZE;
      this.#received++;
      if (this.#wellFormed()) {
        return true;
      }
      this.#malformed++;
    }
    if (this.#next < this.#view.byteLength) {
      this.#received++;
      this.#malformed++;
    }
    this.#view = EMPTY;
    return false;
  }

  /** `FlowRecordKind`. */
  get kind(): number {
    return this.#view.getUint8(this.#at + AT.kind);
  }

  get family(): 4 | 6 {
    return this.#view.getUint8(this.#at + AT.family) === 4 ? 4 : 6;
  }

  /** `IPPROTO_TCP` or `IPPROTO_UDP`. */
  get transport(): number {
    return this.#view.getUint8(this.#at + AT.transport);
  }

  /** `FlowRole`. */
  get role(): number {
    return this.#view.getUint8(this.#at + AT.role);
  }

  /** Bits of `FlowFlag`. */
  get flags(): number {
    return this.#view.getUint16(this.#at + AT.flags, true);
  }

  get connectionId(): bigint {
    return this.#view.getBigUint64(this.#at + AT.connection_id, true);
  }

  /** The connection id folded to 32 bits, for hash tables. */
  get connectionIdHash(): number {
    const at = this.#at + AT.connection_id;
    const low = this.#view.getUint32(at, true);
    return Math.imul(low ^ Math.imul(this.#view.getUint32(at + 4, true), 0x85ebca6b), 0x9e3779b1);
  }

  get observedMonoNs(): bigint {
    return this.#view.getBigUint64(this.#at + AT.observed_mono_ns, true);
  }

  /** `observedMonoNs` as a number: to compare, exact to 104 days of uptime, then to 2 ns. */
  get observedMonoNsApprox(): number {
    return this.#time(AT.observed_mono_ns);
  }

  /** Start of the connection as a number (see above), 0 when older than the agent. */
  get startMonoNsApprox(): number {
    return this.#time(AT.start_mono_ns);
  }

  /** Age of the connection in ns, exact to 2^53; 0 when its start is not known. */
  get durationNs(): number {
    const start = this.#at + AT.start_mono_ns;
    const startLow = this.#view.getUint32(start, true);
    const startHigh = this.#view.getUint32(start + 4, true);
    if (startLow === 0 && startHigh === 0) {
      return 0;
    }
    const end = this.#at + AT.observed_mono_ns;
    const high = this.#view.getUint32(end + 4, true) - startHigh;
    const age = high * TWO_TO_32 + (this.#view.getUint32(end, true) - startLow);
    return Math.min(Math.max(age, 0), Number.MAX_SAFE_INTEGER);
  }

  get bytesSent(): number {
    return this.#count(AT.bytes_sent);
  }

  get bytesReceived(): number {
    return this.#count(AT.bytes_received);
  }

  get packetsSent(): number {
    return this.#u32(AT.packets_sent);
  }

  get packetsReceived(): number {
    return this.#u32(AT.packets_received);
  }

  get srttUs(): number {
    return this.#u32(AT.srtt_us);
  }

  get retransmits(): number {
    return this.#u32(AT.retransmits);
  }

  get pid(): number {
    return this.#u32(AT.pid);
  }

  get uid(): number {
    return this.#u32(AT.uid);
  }

  get netns(): number {
    return this.#u32(AT.netns);
  }

  get cgroupId(): number {
    return this.#count(AT.cgroup_id);
  }

  get processStartBootNs(): number {
    return this.#time(AT.process_start_boot_ns);
  }

  get localPort(): number {
    return this.#view.getUint16(this.#at + AT.local_port, true);
  }

  get remotePort(): number {
    return this.#view.getUint16(this.#at + AT.remote_port, true);
  }

  get localAddress(): string {
    return this.#address(AT.local_address);
  }

  get remoteAddress(): string {
    return this.#address(AT.remote_address);
  }

  /** The owner's command name as the process chose it: not safe to print. */
  get comm(): string {
    return this.#comms.text(this.#view, this.#at + AT.comm, 4, COMM_TAG);
  }

  #wellFormed(): boolean {
    const kind = this.kind;
    const family = this.#view.getUint8(this.#at + AT.family);
    const transport = this.transport;
    return (
      kind >= FlowRecordKind.Open &&
      kind <= FlowRecordKind.Snapshot &&
      (family === 4 || family === 6) &&
      (transport === IPPROTO_TCP || transport === IPPROTO_UDP) &&
      this.role <= FlowRole.Server &&
      this.#u32(AT.observed_mono_ns + 4) < HIGH_WORD_NO_TIME
    );
  }

  #address(offset: number): string {
    const family = this.family;
    return this.#addresses.text(this.#view, this.#at + offset, family === 4 ? 1 : 4, family);
  }

  #u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  /** A u64 count: exact to 2^53, saturated above. */
  #count(offset: number): number {
    const high = this.#u32(offset + 4);
    return high < HIGH_WORD_UNSAFE ? high * TWO_TO_32 + this.#u32(offset) : Number.MAX_SAFE_INTEGER;
  }

  /** A u64 time: rounded, never saturated. */
  #time(offset: number): number {
    return this.#u32(offset + 4) * TWO_TO_32 + this.#u32(offset);
  }
}

/** A NUL-terminated command name of at most 16 bytes; broken UTF-8 becomes U+FFFD. */
function decodeComm(view: DataView, at: number): string {
  const field = new Uint8Array(view.buffer, view.byteOffset + at, COMM_SIZE);
  const end = field.indexOf(0);
  return UTF8.decode(end === -1 ? field : field.subarray(0, end));
}
