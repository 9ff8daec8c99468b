// loss = |p - y|,  d/dp = sign(p - y), 0 where they are equal
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct MeanAbsoluteError {
    explicit MeanAbsoluteError(T) {}
    KUDARI_INLINE Term<T> operator()(const Vec<T>& y, const Vec<T>& p) const {
        const Vec<T> error = p - y, zero = set(T(0));
        // A NaN is neither above nor below 0 and stays.
        const Vec<T> sign =
            select(error > zero, set(T(1)), select(error < zero, set(T(-1)), error));
        return {absolute<T>(error), sign};
    }
};

} // namespace kudari::KUDARI_ISA
