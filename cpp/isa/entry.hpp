// One compiled instruction set. Its translation unit includes nothing but this and kernels/, so
// that no shared inline function is ever compiled for a wide target.
#pragma once

#include "kernels/table.hpp"

namespace kudari {

struct Isa {
    const char* name;
    KernelTable<float> float32;
    KernelTable<double> float64;

    template <class T> const KernelTable<T>& table() const {
        if constexpr (sizeof(T) == 4)
            return float32;
        else
            return float64;
    }
};

namespace baseline {
const Isa& isa();
}
namespace avx2 {
const Isa& isa();
}
namespace avx512 {
const Isa& isa();
}
namespace neon {
const Isa& isa();
}

} // namespace kudari
