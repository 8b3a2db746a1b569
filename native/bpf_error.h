// What went wrong between this process and the kernel, with what to do about it.
#pragma once

#include <bpf/libbpf.h>

#include <string>
#include <utility>

namespace probectl {

/** Thrown by the shim, turned into a JavaScript error with the same facts by addon.cc. */
struct BpfError {
  std::string operation;  // what was tried, such as "load flow_set_state"
  int error;              // positive errno, 0 when the shim itself refused
  std::string detail;     // libbpf's warnings and the verifier's log, bounded
  std::string hint;       // what the operator can do
};

/** errno of a libbpf call: its results are negative errno or set errno. */
[[noreturn]] void fail(const std::string& operation, int error, std::string detail = {});

/** A refusal of the shim's own, with its reason. */
[[noreturn]] void refuse(const std::string& operation, const std::string& reason);

/** While alive, collects what libbpf prints on this thread, at most 64 KiB from the end. */
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  std::string take() { return std::exchange(text_, {}); }

 private:
  static int print(libbpf_print_level level, const char* format, va_list args);
  std::string text_;
};

}  // namespace probectl
