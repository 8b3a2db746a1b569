// The observe-only proof: what a program could do, read off its instructions after libbpf has
// relocated them and before the kernel sees them. Nothing outside the lists can be loaded.
#pragma once

#include <bpf/libbpf.h>

#include <string>
#include <vector>

namespace probectl {

/** What was proven of one program. */
struct ProgramProof {
  std::string name;
  std::string attach_type;            // "raw_tp" or "iter"
  std::vector<unsigned> helper_ids;   // sorted, unique; include/uapi/linux/bpf.h numbers
  size_t instructions;                // after relocation, subprograms included
};

/**
 * Registers the proof with libbpf for the section kinds that observe; from then on every
 * program of those kinds is proven inside bpf_object__load, after CO-RE and map relocation.
 * A program of any other kind is refused by `prove_object`. Throws BpfError.
 */
void register_proof();

/**
 * Before bpf_object__load: program sections, types and flags, map types. Forgets what an earlier
 * object left. Throws BpfError.
 */
void prove_object(bpf_object* object);

/**
 * After bpf_object__load: the proofs of all programs that were loaded since the last call.
 * Throws BpfError when a loaded program is missing from them.
 */
std::vector<ProgramProof> take_proofs(bpf_object* object);

/** Why the last program was refused by the proof, "" when none was. */
std::string take_refusal();

}  // namespace probectl
