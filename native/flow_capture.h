// Loads, attaches and reads the flow programs (bpf/flow.bpf.c). No policy here: what to keep,
// when to read and what it means is the host's.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "observe_only.h"
#include "ring_reader.h"

namespace probectl {

struct AttachedProgram {
  ProgramProof proof;
  std::string target;  // tracepoint or iterator
  uint32_t id;         // the kernel's number of the loaded program
};

struct ProgramCounters {
  std::string name;
  uint64_t records, ring_full, map_full, peer_unknown, owner_lost;
  uint64_t missed;  // runs the kernel skipped because the program was interrupted by itself
};

class FlowCapture {
 public:
  /**
   * Verifies the embedded object's digest, proves it observe-only, loads and attaches it.
   * `ring_bytes`: a power of two and a multiple of the page size. `oldest_hooks`: use those of
   * kernel 5.8 where newer ones exist too. Throws BpfError; what was loaded until then is gone.
   */
  FlowCapture(uint32_t ring_bytes, bool oldest_hooks);
  ~FlowCapture();
  FlowCapture(const FlowCapture&) = delete;
  FlowCapture& operator=(const FlowCapture&) = delete;

  const std::vector<AttachedProgram>& programs() const { return attached_; }

  /** Readable (EPOLLIN) while the ring holds records. Owned by this object. */
  int ring_fd() const;
  size_t drain(uint8_t* out, size_t capacity) { return ring_->drain(out, capacity); }
  uint64_t malformed() const { return ring_->malformed(); }

  /** True while sockets wait for their owner, which a scan may find. */
  bool wants_scan();
  /** Visits every open file of every task: older connections, owners unknown so far. */
  void scan();

  /** Starts a pass over all open connections and datagram flows. */
  void begin_snapshot(uint64_t datagram_idle_ns);
  /**
   * Writes the next records of the pass. Returns the bytes written, 0 at its end. A datagram
   * flow idle for longer than asked comes as FLOW_CLOSE and is forgotten.
   */
  size_t read_snapshot(uint8_t* out, size_t capacity);

  std::vector<ProgramCounters> counters() const;

 private:
  struct ObjectDeleter {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  struct LinkDeleter {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  };
  using Link = std::unique_ptr<bpf_link, LinkDeleter>;

  void open();
  void configure(uint32_t ring_bytes, bool oldest_hooks);
  void load();
  void find_ownerless_count();
  void attach();
  Link attach_iterator(const char* name, int map_fd);
  bpf_program* program(const char* name) const;
  int map_fd(const char* name) const;
  void read_datagrams();
  void forget_datagram(const uint8_t* key, uint8_t* record);

  std::unique_ptr<bpf_object, ObjectDeleter> object_;
  std::vector<Link> links_;
  Link scan_link_;
  Link snapshot_link_;  // null before kernel 5.9
  std::unique_ptr<RingReader> ring_;
  std::vector<AttachedProgram> attached_;
  std::vector<uint8_t> bss_;  // the programs' variables, as last read
  size_t ownerless_offset_ = 0;

  int snapshot_fd_ = -1;
  uint64_t datagram_idle_ns_ = 0;
  std::vector<uint8_t> datagrams_;  // records of the running pass
  size_t datagrams_at_ = 0;
};

struct EmbeddedDigest {
  std::string name;
  std::string sha256;  // hexadecimal, of the bytes in this addon
};

/** Throws BpfError when an embedded object does not have the digest recorded at build time. */
std::vector<EmbeddedDigest> verify_embedded_objects();

}  // namespace probectl
