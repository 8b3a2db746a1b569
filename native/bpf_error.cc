#include "bpf_error.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace probectl {
namespace {

constexpr size_t kLogBytesMax = 64 * 1024;

thread_local std::string* collecting = nullptr;

std::string hint_for(int error) {
  switch (error) {
    case EPERM:
      return "run with CAP_BPF and CAP_PERFMON (or as root); if it has both, the kernel is locked "
             "down (lockdown=confidentiality) or an LSM refuses bpf()";
    case EACCES:
      return "the kernel's verifier refused the program: report the log with the kernel version";
    case EINVAL:
      return "the kernel lacks a feature this program needs, or lockdown=confidentiality refuses "
             "kernel reads: see `probectl-ebpf-agent probe`";
    case ENOMEM:
      return "raise the memory limit of the service (RLIMIT_MEMLOCK before kernel 5.11) or lower "
             "ring_buffer_bytes";
    case ESRCH:
    case ENOENT:
      return "the kernel's BTF has no such tracepoint: see `probectl-ebpf-agent probe`";
    default:
      return "see `probectl-ebpf-agent probe`";
  }
}

}  // namespace

void fail(const std::string& operation, int error, std::string detail) {
  throw BpfError{operation, error, std::move(detail), hint_for(error)};
}

void refuse(const std::string& operation, const std::string& reason) {
  throw BpfError{operation, 0, reason, "reinstall the agent from a trusted build"};
}

LibbpfLog::LibbpfLog() {
  collecting = &text_;
  libbpf_set_print(&LibbpfLog::print);
}

LibbpfLog::~LibbpfLog() { collecting = nullptr; }

int LibbpfLog::print(libbpf_print_level level, const char* format, va_list args) {
  if (level != LIBBPF_WARN || collecting == nullptr) return 0;
  va_list again;
  va_copy(again, args);
  const int length = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return 0;
  std::string line(static_cast<size_t>(length) + 1, '\0');
  vsnprintf(line.data(), line.size(), format, args);
  line.pop_back();
  collecting->append(line);
  if (collecting->size() > kLogBytesMax) {
    collecting->erase(0, collecting->size() - kLogBytesMax);
  }
  return length;
}

}  // namespace probectl
