#include "simd/baseline.hpp"
// The header above has set the instruction set; the rest is the same for all.
#include "isa/entry.hpp"
#include "isa/stamp.hpp"

namespace kudari::KUDARI_ISA {

const Isa& isa() {
    static constexpr Isa self{"baseline", Stamp<float>::table(), Stamp<double>::table()};
    return self;
}

} // namespace kudari::KUDARI_ISA
