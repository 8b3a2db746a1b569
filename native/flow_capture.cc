#include "flow_capture.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf/include/flow_counters.h"
#include "bpf/include/flow_record.h"
#include "bpf/include/flow_settings.h"
#include "bpf_error.h"
#include "objects.gen.h"
#include "sha256.h"

namespace probectl {
namespace {

constexpr size_t kDatagramKeyBytes = 40;  // struct datagram_key, checked against the map
constexpr uint32_t kBatch = 1024;

enum class Attach { kTracepoint, kScan, kSnapshot };

struct ProgramSpec {
  const char* name;
  Attach attach;
  const char* target;
  int counters;  // row in flow_counters, -1 none
};

constexpr ProgramSpec kPrograms[] = {
    {"flow_set_state", Attach::kTracepoint, "inet_sock_set_state", FLOW_PROGRAM_SET_STATE},
    {"flow_destroy", Attach::kTracepoint, "tcp_destroy_sock", FLOW_PROGRAM_DESTROY},
    {"flow_send", Attach::kTracepoint, "sock_send_length", FLOW_PROGRAM_SEND},
    {"flow_receive", Attach::kTracepoint, "sock_recv_length", FLOW_PROGRAM_RECEIVE},
    {"flow_receive_old", Attach::kTracepoint, "tcp_rcv_space_adjust", FLOW_PROGRAM_RECEIVE},
    {"flow_scan", Attach::kScan, "task_file", FLOW_PROGRAM_SCAN},
    {"flow_snapshot", Attach::kSnapshot, "bpf_map_elem", -1},
};

uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

std::string hexadecimal(const uint8_t* bytes, size_t size) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; i++) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

/** Whether the running kernel has the tracepoint: sock_*_length came with 6.3. */
bool kernel_has_tracepoint(const btf* kernel, const char* name) {
  return btf__find_by_name_kind(kernel, (std::string("btf_trace_") + name).c_str(),
                                BTF_KIND_TYPEDEF) > 0;
}

/** Helpers and iterators are functions of the kernel, by their own names. */
bool kernel_has_function(const btf* kernel, const char* name) {
  return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) > 0;
}

uint32_t possible_cpus() {
  const int count = libbpf_num_possible_cpus();
  if (count < 0) fail("count the CPUs", -count);
  return static_cast<uint32_t>(count);
}

}  // namespace

std::vector<EmbeddedDigest> verify_embedded_objects() {
  std::vector<EmbeddedDigest> digests;
  for (const embedded_object& object : embedded_objects) {
    const auto actual = sha256(object.start, static_cast<size_t>(object.end - object.start));
    if (memcmp(actual.data(), object.sha256, actual.size()) != 0) {
      refuse("verify the embedded objects",
             std::string(object.name) + " does not have the digest recorded when it was built");
    }
    digests.push_back({object.name, hexadecimal(actual.data(), actual.size())});
  }
  return digests;
}

FlowCapture::FlowCapture(uint32_t ring_bytes, bool oldest_hooks) {
  register_proof();
  verify_embedded_objects();
  open();
  configure(ring_bytes, oldest_hooks);
  load();
  ring_ = std::make_unique<RingReader>(ring_fd(), ring_bytes, sizeof(flow_record));
  attach();
}

FlowCapture::~FlowCapture() {
  if (snapshot_fd_ >= 0) close(snapshot_fd_);
}

void FlowCapture::open() {
  const auto found = std::find_if(std::begin(embedded_objects), std::end(embedded_objects),
                                  [](const embedded_object& o) { return !strcmp(o.name, "flow"); });
  if (found == std::end(embedded_objects)) refuse("open the flow programs", "not in this addon");
  LibbpfLog log;
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "probectl_flow");
  object_.reset(bpf_object__open_mem(found->start, static_cast<size_t>(found->end - found->start),
                                     &options));
  if (!object_) fail("open the flow programs", errno, log.take());
  prove_object(object_.get());
}

void FlowCapture::configure(uint32_t ring_bytes, bool oldest_hooks) {
  std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), btf__free);
  if (!kernel) fail("read the kernel's BTF", errno);
  const bool has_io = !oldest_hooks && kernel_has_tracepoint(kernel.get(), "sock_send_length");
  const bool has_snapshot =
      !oldest_hooks && kernel_has_function(kernel.get(), "bpf_iter_bpf_map_elem");

  LibbpfLog log;
  for (const ProgramSpec& spec : kPrograms) {
    bpf_program* it = program(spec.name);
    const bool old = !strcmp(spec.name, "flow_receive_old");
    const bool io = !strcmp(spec.name, "flow_send") || !strcmp(spec.name, "flow_receive");
    const bool snapshot = spec.attach == Attach::kSnapshot;
    if ((io && !has_io) || (old && has_io) || (snapshot && !has_snapshot)) {
      bpf_program__set_autoload(it, false);
      continue;
    }
    if (const int error = bpf_program__set_attach_target(it, 0, spec.target)) {
      fail(std::string("find ") + spec.target + " in the kernel", -error, log.take());
    }
  }
  bpf_map* ring = bpf_object__find_map_by_name(object_.get(), "flow_ring");
  if (const int error = bpf_map__set_max_entries(ring, ring_bytes)) fail("size the ring", -error);

  const bpf_map* datagrams = bpf_object__find_map_by_name(object_.get(), "datagram_flows");
  if (bpf_map__key_size(datagrams) != kDatagramKeyBytes ||
      bpf_map__value_size(datagrams) != sizeof(flow_record)) {
    refuse("configure the flow programs", "their maps are not what this addon expects");
  }

  // .rodata holds one constant, `settings` (bpf/lib/read.h).
  flow_settings settings = {};
  settings.ring_wake_bytes = ring_bytes / 4;
  settings.direct = !oldest_hooks && kernel_has_function(kernel.get(), "bpf_skc_to_tcp_sock") &&
                    kernel_has_function(kernel.get(), "bpf_get_current_task_btf");
  bpf_map* constants = bpf_object__find_map_by_name(object_.get(), ".rodata");
  if (const int error = bpf_map__set_initial_value(constants, &settings, sizeof(settings))) {
    fail("set the programs' constants", -error);
  }
}

void FlowCapture::load() {
  LibbpfLog log;
  if (const int error = bpf_object__load(object_.get())) {
    const std::string refused = take_refusal();
    if (!refused.empty()) refuse("prove observe-only", refused);
    fail("load the flow programs", -error, log.take());
  }
  for (ProgramProof& proof : take_proofs(object_.get())) {
    const auto* spec = std::find_if(std::begin(kPrograms), std::end(kPrograms),
                                    [&](const ProgramSpec& s) { return proof.name == s.name; });
    if (spec == std::end(kPrograms)) refuse("load the flow programs", "unknown " + proof.name);
    bpf_prog_info info = {};
    uint32_t info_size = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program(spec->name)), &info, &info_size)) {
      fail("ask the kernel about " + proof.name, errno);
    }
    attached_.push_back({std::move(proof), spec->target, info.id});
  }
  find_ownerless_count();
}

/** Where `ownerless_count` (bpf/lib/connection.h) lies in the programs' .bss, by its BTF. */
void FlowCapture::find_ownerless_count() {
  const btf* types = bpf_object__btf(object_.get());
  const int section = btf__find_by_name_kind(types, ".bss", BTF_KIND_DATASEC);
  if (section < 0) refuse("read the programs' state", "they have no .bss");
  const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(section));
  const btf_var_secinfo* variables = btf_var_secinfos(type);
  for (int i = 0; i < btf_vlen(type); i++) {
    const btf_type* variable = btf__type_by_id(types, variables[i].type);
    if (!strcmp(btf__name_by_offset(types, variable->name_off), "ownerless_count")) {
      ownerless_offset_ = variables[i].offset;
      bss_.resize(bpf_map__value_size(bpf_object__find_map_by_name(object_.get(), ".bss")));
      return;
    }
  }
  refuse("read the programs' state", "no ownerless_count");
}

void FlowCapture::attach() {
  LibbpfLog log;
  for (const ProgramSpec& spec : kPrograms) {
    bpf_program* it = program(spec.name);
    if (!bpf_program__autoload(it) || spec.attach != Attach::kTracepoint) continue;
    Link link(bpf_program__attach_trace(it));
    if (!link) fail(std::string("attach to ") + spec.target, errno, log.take());
    links_.push_back(std::move(link));
  }
  scan_link_ = attach_iterator("flow_scan", -1);
  if (bpf_program__autoload(program("flow_snapshot"))) {
    snapshot_link_ = attach_iterator("flow_snapshot", map_fd("connections"));
  }
}

FlowCapture::Link FlowCapture::attach_iterator(const char* name, int map_fd) {
  LibbpfLog log;
  bpf_iter_link_info info = {};
  LIBBPF_OPTS(bpf_iter_attach_opts, options);
  if (map_fd >= 0) {
    info.map.map_fd = static_cast<uint32_t>(map_fd);
    options.link_info = &info;
    options.link_info_len = sizeof(info);
  }
  Link link(bpf_program__attach_iter(program(name), &options));
  if (!link) fail(std::string("attach ") + name, errno, log.take());
  return link;
}

bpf_program* FlowCapture::program(const char* name) const {
  bpf_program* found = bpf_object__find_program_by_name(object_.get(), name);
  if (found == nullptr) refuse("open the flow programs", std::string("no program ") + name);
  return found;
}

int FlowCapture::map_fd(const char* name) const {
  return bpf_object__find_map_fd_by_name(object_.get(), name);
}

int FlowCapture::ring_fd() const { return map_fd("flow_ring"); }

bool FlowCapture::wants_scan() {
  const uint32_t index = 0;
  const int fd = bpf_map__fd(bpf_object__find_map_by_name(object_.get(), ".bss"));
  if (bpf_map_lookup_elem(fd, &index, bss_.data())) fail("read the programs' state", errno);
  uint64_t count;
  memcpy(&count, bss_.data() + ownerless_offset_, sizeof(count));
  return count != 0;
}

void FlowCapture::scan() {
  const int iterator = bpf_iter_create(bpf_link__fd(scan_link_.get()));
  if (iterator < 0) fail("scan the open sockets", -iterator);
  uint8_t nothing[64];
  ssize_t got;
  do {  // one read visits up to a million files and then asks for another with EAGAIN
    got = read(iterator, nothing, sizeof(nothing));
  } while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
  const int error = got < 0 ? errno : 0;
  close(iterator);
  if (error) fail("scan the open sockets", error);
}

void FlowCapture::begin_snapshot(uint64_t datagram_idle_ns) {
  if (snapshot_fd_ >= 0) close(snapshot_fd_);
  snapshot_fd_ = -1;
  datagrams_.clear();
  datagrams_at_ = 0;
  datagram_idle_ns_ = datagram_idle_ns;
  if (!snapshot_link_) return;  // kernel 5.8: no such iterator, and no UDP flows before 6.3
  snapshot_fd_ = bpf_iter_create(bpf_link__fd(snapshot_link_.get()));
  if (snapshot_fd_ < 0) {
    const int error = -snapshot_fd_;
    snapshot_fd_ = -1;
    fail("snapshot the open connections", error);
  }
}

size_t FlowCapture::read_snapshot(uint8_t* out, size_t capacity) {
  capacity -= capacity % sizeof(flow_record);
  size_t written = 0;
  while (snapshot_fd_ >= 0 && written < capacity) {
    const ssize_t got = read(snapshot_fd_, out + written, capacity - written);
    if (got > 0) {
      written += static_cast<size_t>(got);
    } else if (got == 0) {
      close(snapshot_fd_);
      snapshot_fd_ = -1;
      read_datagrams();
    } else if (errno != EAGAIN && errno != EINTR) {
      fail("snapshot the open connections", errno);
    }
  }
  const size_t left = std::min(datagrams_.size() - datagrams_at_, capacity - written);
  if (snapshot_fd_ < 0 && left > 0) {
    memcpy(out + written, datagrams_.data() + datagrams_at_, left);
    datagrams_at_ += left;
    written += left;
  }
  return written;
}

void FlowCapture::read_datagrams() {
  const int fd = map_fd("datagram_flows");
  uint32_t position[2] = {};  // opaque to user space: the kernel's bucket number
  std::vector<uint8_t> keys(kBatch * kDatagramKeyBytes);
  std::vector<uint8_t> records(kBatch * sizeof(flow_record));
  bool first = true;
  for (;;) {
    uint32_t count = static_cast<uint32_t>(records.size() / sizeof(flow_record));
    const int error = bpf_map_lookup_batch(fd, first ? nullptr : position, position, keys.data(),
                                           records.data(), &count, nullptr);
    if (error == -ENOSPC) {  // a bucket longer than the batch
      keys.resize(keys.size() * 2);
      records.resize(records.size() * 2);
      continue;
    }
    if (error && error != -ENOENT) fail("read the datagram flows", -error);
    for (uint32_t i = 0; i < count; i++) {
      uint8_t* record = records.data() + i * sizeof(flow_record);
      forget_datagram(keys.data() + i * kDatagramKeyBytes, record);
      datagrams_.insert(datagrams_.end(), record, record + sizeof(flow_record));
    }
    if (error == -ENOENT) return;
    first = false;
  }
}

/** Takes an idle flow out of the map; RECORD becomes its last one. */
void FlowCapture::forget_datagram(const uint8_t* key, uint8_t* record) {
  auto* flow = reinterpret_cast<flow_record*>(record);
  if (monotonic_ns() - flow->observed_mono_ns < datagram_idle_ns_) return;
  flow_record last;
  // Lookup and delete in one call: what arrived since the batch was read is still counted.
  if (bpf_map_lookup_and_delete_elem(map_fd("datagram_flows"), key, &last)) return;
  *flow = last;
  flow->kind = FLOW_CLOSE;
}

std::vector<ProgramCounters> FlowCapture::counters() const {
  std::vector<ProgramCounters> rows;
  std::vector<flow_counters> cpus(possible_cpus());
  for (const ProgramSpec& spec : kPrograms) {
    const bpf_program* it = program(spec.name);
    if (!bpf_program__autoload(it)) continue;
    ProgramCounters row = {spec.name, 0, 0, 0, 0, 0, 0};
    const auto index = static_cast<uint32_t>(spec.counters);
    if (spec.counters >= 0 && bpf_map_lookup_elem(map_fd("flow_counters"), &index, cpus.data()) == 0) {
      for (const flow_counters& cpu : cpus) {
        row.records += cpu.records;
        row.ring_full += cpu.ring_full;
        row.map_full += cpu.map_full;
        row.peer_unknown += cpu.peer_unknown;
        row.owner_lost += cpu.owner_lost;
      }
    }
    bpf_prog_info info = {};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(it), &info, &size) == 0) {
      row.missed = info.recursion_misses;
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace probectl
