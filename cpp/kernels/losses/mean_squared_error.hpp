// loss = (p - y)^2,  d/dp = 2 (p - y)
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct MeanSquaredError {
    explicit MeanSquaredError(T) {}
    template <class P, class Take>
    KUDARI_INLINE void operator()(const P& y, const P& p, Take take) const {
        const P error = p - y;
        take(error * error, error + error);
    }
};

} // namespace kudari::KUDARI_ISA
