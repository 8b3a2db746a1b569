/**
 * The flow record, as `bpf/include/flow_record.h` lays it out (the owner of the layout; the
 * addon exports its offsets and `capture/addon.ts` refuses an addon whose offsets differ).
 *
 * Every source hands records over in this form: the kernel's ring, its iterators and the
 * recorded fixture alike. 144 bytes, little-endian scalars, addresses in network byte order.
 */

export const FLOW_RECORD_SIZE = 144;

/** Byte offsets in a flow record, named as in the header. */
export const FLOW_RECORD_OFFSETS = {
  observed_mono_ns: 0,
  connection_id: 8,
  start_mono_ns: 16,
  bytes_sent: 24,
  bytes_received: 32,
  process_start_boot_ns: 40,
  cgroup_id: 48,
  packets_sent: 56,
  packets_received: 60,
  srtt_us: 64,
  retransmits: 68,
  pid: 72,
  uid: 76,
  netns: 80,
  local_port: 84,
  remote_port: 86,
  local_address: 88,
  remote_address: 104,
  kind: 120,
  family: 121,
  transport: 122,
  role: 123,
  flags: 124,
  error: 126,
  comm: 128,
} as const;

export const FlowRecordKind = { Open: 1, Close: 2, Failed: 3, Snapshot: 4 } as const;
export const FlowRole = { Unknown: 0, Client: 1, Server: 2 } as const;
export const FlowFlag = {
  OpenSent: 1,
  SnapshotSent: 2,
  OwnerUnknown: 4,
  KernelOwned: 8,
  Preexisting: 16,
  CgroupV1: 32,
  /** The network namespace is of an unprivileged user's making: its addresses are claims. */
  ForeignNetns: 64,
} as const;

export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
