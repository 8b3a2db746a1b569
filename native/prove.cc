// Test program: runs the observe-only proof over object files, exactly as the addon does before
// a load, and loads nothing that fails it. Not part of the shipped package: the addon itself
// only ever opens the objects compiled into it.
//
//   prove FILE...    one line per file, `FILE: ok (N programs)` or `FILE: refused: why`; exit 1
//                    when any was refused
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "bpf_error.h"
#include "observe_only.h"

namespace {

/** The target is the rest of the section name; libbpf finds it for its own section kinds only. */
void set_targets(bpf_object* object) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const char* target = strchr(bpf_program__section_name(program), '/');
    // One that this kernel lacks stays unset, and the kernel refuses the load.
    if (target != nullptr) bpf_program__set_attach_target(program, 0, target + 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int refused = 0;
  probectl::LibbpfLog log;
  probectl::register_proof();
  for (int i = 1; i < argc; i++) {
    std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
        bpf_object__open_file(argv[i], nullptr), bpf_object__close);
    log.take();  // what the file before left
    try {
      if (!object) probectl::fail("open", errno, log.take());
      probectl::prove_object(object.get());
      set_targets(object.get());
      const int error = bpf_object__load(object.get());
      const std::string refusal = probectl::take_refusal();
      if (!refusal.empty()) probectl::refuse("prove observe-only", refusal);
      if (error) probectl::fail("load", -error, log.take());
      printf("%s: ok (%zu programs)\n", argv[i], probectl::take_proofs(object.get()).size());
    } catch (const probectl::BpfError& error) {
      refused = 1;
      printf("%s: refused: %s: %s (errno %d)\n", argv[i], error.operation.c_str(),
             error.detail.c_str(), error.error);
    }
  }
  return refused;
}
