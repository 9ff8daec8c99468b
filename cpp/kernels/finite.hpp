// Whether numbers are finite.
#pragma once

#include "kernels/map.hpp"

namespace kudari::KUDARI_ISA {

// x - x is 0 where x is finite, else NaN, and so is every sum of such. Four sums at a time: each
// addition waits for the one before it.
template <class T> bool all_finite(const T* x, std::size_t n) {
    using Four = Pack<Reg<T>, 4 * kRegisters>;
    constexpr std::size_t lanes = 4 * kLanes<T>;
    Four sums{};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const Four values = load_pack<Four>(x + i);
        sums = sums + (values - values);
    }
    Vec<T> rest = (sums.lo.lo + sums.lo.hi) + (sums.hi.lo + sums.hi.hi);
    for_each_vector<T>(n - i, [&](std::size_t j, auto count) __attribute__((always_inline)) {
        const Vec<T> values = load_some(x + i + j, int(count));
        rest = rest + (values - values);
    });
    T ends[kLanes<T>];
    store(ends, rest);
    bool finite = true;
    for (const T end : ends) finite &= end == T(0);
    return finite;
}

} // namespace kudari::KUDARI_ISA
