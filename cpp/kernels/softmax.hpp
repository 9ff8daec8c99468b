// softmax(z)_j = exp(z_j - max z) / sum_i exp(z_i - max z), row by row.
#pragma once

#include "kernels/map.hpp"
#include "kernels/math.hpp"

namespace kudari::KUDARI_ISA {

template <class T> KUDARI_INLINE T row_max(const T* z, std::size_t columns) {
    const Vec<T> lowest = set(-T(__builtin_inf()));
    Vec<T> best = lowest;
    for_each_vector<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        best = larger(best, fill_lanes<T>(load_lanes(z + i, n), n, lowest));
    });
    return max_lanes(best);
}

// out = exp(z - shift), returns its sum; out may be z, or null when only the sum is wanted.
template <class T> KUDARI_INLINE T row_exp(const T* z, T shift, T* out, std::size_t columns) {
    Vec<T> sum = set(T(0));
    for_each_vector<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        const Vec<T> e = exp(load_lanes(z + i, n) - set(shift));
        if (out) store_lanes(out + i, e, n);
        sum = sum + fill_lanes<T>(e, n, set(T(0)));
    });
    return sum_lanes(sum);
}

} // namespace kudari::KUDARI_ISA
