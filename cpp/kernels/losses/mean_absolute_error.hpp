// loss = |p - y|,  d/dp = sign(p - y), 0 where they are equal
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct MeanAbsoluteError {
    explicit MeanAbsoluteError(T) {}
    template <class P, class Take>
    KUDARI_INLINE void operator()(const P& y, const P& p, Take take) const {
        const P error = p - y, zero = broadcast_pack<P>(T(0)), one = broadcast_pack<P>(T(1));
        // A NaN is neither above nor below 0 and stays.
        const P sign = select(error > zero, one, select(error < zero, negate(one), error));
        take(absolute(error), sign);
    }
};

} // namespace kudari::KUDARI_ISA
