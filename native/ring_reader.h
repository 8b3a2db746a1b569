// Consumer side of a BPF ring buffer (kernel/bpf/ringbuf.c), for records of one fixed size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace probectl {

class RingReader {
 public:
  /** `ring_bytes`: the map's max_entries. Maps the ring; throws BpfError. */
  RingReader(int map_fd, size_t ring_bytes, size_t record_bytes);
  ~RingReader();
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  /**
   * Copies whole records, back to back, into `out` until it is full or the ring is empty.
   * Returns the bytes written, a multiple of the record size. Records of another size are
   * skipped and counted in `malformed`.
   */
  size_t drain(uint8_t* out, size_t capacity);

  uint64_t malformed() const { return malformed_; }

 private:
  size_t ring_bytes_;
  size_t record_bytes_;
  size_t page_bytes_;
  uint64_t malformed_ = 0;
  uint64_t* consumer_position_ = nullptr;
  const uint64_t* producer_position_ = nullptr;
  const uint8_t* data_ = nullptr;
};

}  // namespace probectl
