// Layout (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the
// producer's, then the data twice in a row. Mapped here is the first half alone, as each mapped
// page counts as resident; a record that wraps is copied in two parts. Every record has a header
// { u32 length, with BUSY and DISCARD in its top bits; u32 page offset } and is padded to eight
// bytes, so the header itself never wraps.
#include "ring_reader.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf_error.h"

namespace probectl {

RingReader::RingReader(int map_fd, size_t ring_bytes, size_t record_bytes)
    : ring_bytes_(ring_bytes), record_bytes_(record_bytes), page_bytes_(sysconf(_SC_PAGESIZE)) {
  void* consumer = mmap(nullptr, page_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) fail("map the ring buffer", errno);
  void* producer = mmap(nullptr, page_bytes_ + ring_bytes, PROT_READ, MAP_SHARED, map_fd,
                        static_cast<off_t>(page_bytes_));
  if (producer == MAP_FAILED) {
    const int error = errno;
    munmap(consumer, page_bytes_);
    fail("map the ring buffer", error);
  }
  consumer_position_ = static_cast<uint64_t*>(consumer);
  producer_position_ = static_cast<const uint64_t*>(producer);
  data_ = static_cast<const uint8_t*>(producer) + page_bytes_;
}

RingReader::~RingReader() {
  munmap(consumer_position_, page_bytes_);
  munmap(const_cast<uint64_t*>(producer_position_), page_bytes_ + ring_bytes_);
}

size_t RingReader::drain(uint8_t* out, size_t capacity) {
  size_t written = 0;
  uint64_t position = *consumer_position_;  // only this side writes it
  // Acquire: pairs with the producer's release, after which the headers below are there.
  const uint64_t end = __atomic_load_n(producer_position_, __ATOMIC_ACQUIRE);

  while (position < end && capacity - written >= record_bytes_) {
    const uint8_t* header = data_ + (position & (ring_bytes_ - 1));
    // Acquire: pairs with the release that clears BUSY, after which the payload is there.
    const uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) break;
    const uint32_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
      if (length == record_bytes_) {
        const size_t start = (position + BPF_RINGBUF_HDR_SZ) & (ring_bytes_ - 1);
        const size_t before_end = std::min(record_bytes_, ring_bytes_ - start);
        memcpy(out + written, data_ + start, before_end);
        memcpy(out + written + before_end, data_, record_bytes_ - before_end);
        written += record_bytes_;
      } else {
        malformed_++;
      }
    }
    position += (uint64_t{length} + BPF_RINGBUF_HDR_SZ + 7) & ~uint64_t{7};
  }
  // Release: the copies above are done before the producer may reuse the room.
  __atomic_store_n(consumer_position_, position, __ATOMIC_RELEASE);
  return written;
}

}  // namespace probectl
