// Allow lists of the observe-only proof. Numbers and names: include/uapi/linux/bpf.h.
//
// Programs of these types have no return value that the kernel acts on, and these helpers only
// read, or write to the program's own maps and stack. A kernel function (kfunc), a pointer to a
// program or to a kernel symbol, an indirect call: refused, whatever it is.
#include "observe_only.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "bpf_error.h"

namespace probectl {
namespace {

constexpr unsigned kHelpers[] = {
    BPF_FUNC_map_lookup_elem,      BPF_FUNC_map_update_elem,
    BPF_FUNC_map_delete_elem,      BPF_FUNC_ktime_get_ns,
    BPF_FUNC_get_smp_processor_id, BPF_FUNC_get_current_task,
    BPF_FUNC_get_current_task_btf, BPF_FUNC_task_pt_regs,
    BPF_FUNC_probe_read_kernel,    BPF_FUNC_probe_read_user,
    BPF_FUNC_ringbuf_output,       BPF_FUNC_ringbuf_query,
    BPF_FUNC_seq_write,            BPF_FUNC_skc_to_tcp_sock,
};

constexpr bpf_map_type kMapTypes[] = {
    BPF_MAP_TYPE_HASH,
    BPF_MAP_TYPE_ARRAY,
    BPF_MAP_TYPE_PERCPU_ARRAY,
    BPF_MAP_TYPE_RINGBUF,
};

thread_local std::vector<ProgramProof> proofs;
thread_local std::string refusal;

template <typename List, typename Value>
bool allowed(const List& list, Value value) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

const char* attach_name(bpf_attach_type type) {
  return type == BPF_TRACE_RAW_TP ? "raw_tp" : type == BPF_TRACE_ITER ? "iter" : nullptr;
}

/** Only these sections are handed to the proof by libbpf; another would be loaded without. */
std::string section_problem(const bpf_program* program) {
  const std::string section = bpf_program__section_name(program);
  if (section.rfind("tp_btf/", 0) != 0 && section.rfind("iter/", 0) != 0) {
    return "section " + section + " is not on the list";
  }
  if (bpf_program__flags(program) & BPF_F_SLEEPABLE) return "sleepable";
  return {};
}

std::string type_problem(const bpf_program* program) {
  if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING) {
    return "program type " + std::to_string(bpf_program__type(program)) + " is not observe-only";
  }
  const bpf_attach_type attach = bpf_program__expected_attach_type(program);
  if (attach_name(attach) == nullptr) {
    return "attach type " + std::to_string(attach) + " is not observe-only";
  }
  return {};
}

/** "" when the instruction only observes; adds the helper it calls to `helpers`. */
std::string instruction_problem(const bpf_insn& insn, std::vector<unsigned>& helpers) {
  const unsigned klass = BPF_CLASS(insn.code);
  if ((klass == BPF_JMP || klass == BPF_JMP32) && BPF_OP(insn.code) == BPF_CALL) {
    if (insn.code != (BPF_JMP | BPF_CALL)) return "indirect call";
    if (insn.src_reg == BPF_PSEUDO_CALL) return {};  // into this same instruction list
    if (insn.src_reg != 0) return "call of a kernel function (kfunc)";
    const auto id = static_cast<unsigned>(insn.imm);
    if (!allowed(kHelpers, id)) return "helper " + std::to_string(id) + " is not on the list";
    helpers.push_back(id);
  }
  if (insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg != 0 &&
      insn.src_reg != BPF_PSEUDO_MAP_FD && insn.src_reg != BPF_PSEUDO_MAP_VALUE) {
    return "pointer to a kernel symbol or program (kind " + std::to_string(insn.src_reg) + ")";
  }
  return {};
}

int prove_program(bpf_program* program, bpf_prog_load_opts*, long) {
  const bpf_insn* insns = bpf_program__insns(program);
  const size_t count = bpf_program__insn_cnt(program);
  std::vector<unsigned> helpers;
  std::string problem = type_problem(program);

  for (size_t i = 0; i < count && problem.empty(); i++) {
    problem = instruction_problem(insns[i], helpers);
    if (!problem.empty()) problem += " (instruction " + std::to_string(i) + ")";
    if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW)) i++;  // second half holds no opcode
  }
  if (!problem.empty()) {
    refusal = std::string("program ") + bpf_program__name(program) + ": " + problem;
    return -ECANCELED;
  }
  std::sort(helpers.begin(), helpers.end());
  helpers.erase(std::unique(helpers.begin(), helpers.end()), helpers.end());
  proofs.push_back({bpf_program__name(program),
                    attach_name(bpf_program__expected_attach_type(program)), helpers, count});
  return 0;
}

}  // namespace

void register_proof() {
  static bool registered = false;
  if (registered) return;
  LIBBPF_OPTS(libbpf_prog_handler_opts, opts);
  opts.prog_prepare_load_fn = prove_program;
  for (const auto& [section, attach] :
       {std::pair{"tp_btf+", BPF_TRACE_RAW_TP}, std::pair{"iter+", BPF_TRACE_ITER}}) {
    const int id = libbpf_register_prog_handler(section, BPF_PROG_TYPE_TRACING, attach, &opts);
    if (id < 0) fail("register the observe-only proof", -id);
  }
  registered = true;
}

void prove_object(bpf_object* object) {
  proofs.clear();
  refusal.clear();
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    std::string problem = type_problem(program);
    if (problem.empty()) problem = section_problem(program);
    if (!problem.empty()) {
      refuse("prove observe-only", std::string("program ") + bpf_program__name(program) + ": " + problem);
    }
  }
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (!allowed(kMapTypes, bpf_map__type(map))) {
      refuse("prove observe-only", std::string("map ") + bpf_map__name(map) + ": type " +
                                       std::to_string(bpf_map__type(map)) + " is not on the list");
    }
    if (bpf_map__pin_path(map) != nullptr) {
      refuse("prove observe-only", std::string("map ") + bpf_map__name(map) + " would be pinned");
    }
  }
}

std::vector<ProgramProof> take_proofs(bpf_object* object) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const std::string name = bpf_program__name(program);
    const bool proven = std::any_of(proofs.begin(), proofs.end(),
                                    [&](const ProgramProof& proof) { return proof.name == name; });
    if (bpf_program__autoload(program) && !proven) {
      proofs.clear();
      refuse("prove observe-only", "program " + name + " was loaded without a proof");
    }
  }
  return std::exchange(proofs, {});
}

std::string take_refusal() { return std::exchange(refusal, {}); }

}  // namespace probectl
