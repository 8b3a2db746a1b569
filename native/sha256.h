// SHA-256 (FIPS 180-4), for the digests of the embedded objects. Not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace probectl {
std::array<uint8_t, 32> sha256(const uint8_t* data, size_t size);
}
