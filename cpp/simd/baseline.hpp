// Any target: 16-byte GNU vectors (SSE2 on x86-64), fma by library call.
#pragma once

#define KUDARI_ISA baseline
#define KUDARI_REGISTER_BYTES 16
#define KUDARI_TILE_ROWS 4
#define KUDARI_TILE_VECTORS 1
#include "simd/portable.hpp"

namespace kudari::baseline {
template <class T> struct RegOps : PortableOps<T> {};
} // namespace kudari::baseline

#include "simd/vector.hpp"
