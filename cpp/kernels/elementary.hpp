// exp, log and log1p over arrays; out may be x.
#pragma once

#include "kernels/map.hpp"
#include "kernels/math.hpp"

namespace kudari::KUDARI_ISA {

#define KUDARI_ELEMENTARY(name)                                                                    \
    template <class T> void name##_array(const T* x, T* out, std::size_t n) {                      \
        map<T>(n, out, [](const auto& v) __attribute__((always_inline)) { return name(v); }, x);   \
    }
KUDARI_ELEMENTARY(exp)
KUDARI_ELEMENTARY(log)
KUDARI_ELEMENTARY(log1p)
#undef KUDARI_ELEMENTARY

} // namespace kudari::KUDARI_ISA
