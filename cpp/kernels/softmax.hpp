// softmax(z)_j = exp(z_j - max z) / sum_i exp(z_i - max z), row by row.
#pragma once

#include "kernels/map.hpp"
#include "kernels/math.hpp"

namespace kudari::KUDARI_ISA {

// The largest of the vectors of a group, lane by lane. Which of several zeros that is, -0 or +0,
// depends on the grouping, but no result on that.
template <class T, class P> KUDARI_INLINE Vec<T> largest_vector(const P& values) {
    if constexpr (sizeof(P) == sizeof(Vec<T>))
        return values;
    else
        return larger(largest_vector<T>(values.lo), largest_vector<T>(values.hi));
}

template <class T, class P, class N>
KUDARI_INLINE Vec<T> raise(const Vec<T>& best, const P& values, N n) {
    if constexpr (std::is_same_v<N, int>)
        return larger(best, fill_lanes<T>(values, n, set(-T(__builtin_inf()))));
    else
        return larger(best, largest_vector<T>(values));
}

// The rows of z one after the other. The pass over a row also finds the largest value of the next
// and asks for the one after that: so a large array comes from memory in one steady stream.
template <class T> class SoftmaxRows {
  public:
    SoftmaxRows(const T* z, std::size_t rows, std::size_t columns)
        : z_(z), rows_(rows), columns_(columns) {
        Vec<T> best = set(-T(__builtin_inf()));
        if (rows)
            for_each_group<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
                best = raise<T>(best, load_lanes(z + i, n), n);
            });
        next_top_ = max_lanes(best);
    }

    struct Row {
        T top, total; // the largest value and the sum of exp(z - top)
    };

    // out = exp(z - top) of the next row; out may be z, or null when only the sum is wanted.
    KUDARI_INLINE Row next(T* out) { return --rows_ ? pass<true>(out) : pass<false>(out); }

  private:
    template <bool kMore> KUDARI_INLINE Row pass(T* out) {
        const T *z = z_, *after = z + columns_, top = next_top_;
        Vec<T> sum = set(T(0)), best = set(-T(__builtin_inf()));
        for_each_group<T>(columns_, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            if constexpr (kMore) {
                prefetch_lanes(after + columns_ + i, n);
                if (out) prefetch_lanes(out + columns_ + i, n);
                best = raise<T>(best, load_lanes(after + i, n), n);
            }
            const auto x = load_lanes(z + i, n);
            const auto e = exp_of_negative(x - math::constant<std::decay_t<decltype(x)>>(top));
            if (out) store_lanes(out + i, e, n);
            sum = add_lanes<T>(sum, e, n);
        });
        z_ = after;
        if (kMore) next_top_ = max_lanes(best);
        return {top, sum_lanes(sum)};
    }

    const T* z_;
    std::size_t rows_, columns_;
    T next_top_;
};

} // namespace kudari::KUDARI_ISA
