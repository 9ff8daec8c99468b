// e = p - y;  loss = e^2 / 2 where |e| <= delta, delta |e| - delta^2 / 2 beyond;  d/dp = e clipped
// to
// [-delta, delta]. The parameter is delta.
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Huber {
    T delta, constant;
    explicit Huber(T d) : delta(d), constant(T(0.5) * d * d) {}
    template <class P, class Take>
    KUDARI_INLINE void operator()(const P& y, const P& p, Take take) const {
        const P error = p - y, size = absolute(error), limit = broadcast_pack<P>(delta);
        const P inside = broadcast_pack<P>(T(0.5)) * error * error;
        const P beyond = limit * size - broadcast_pack<P>(constant);
        take(select(size <= limit, inside, beyond), smaller(larger(error, negate(limit)), limit));
    }
};

} // namespace kudari::KUDARI_ISA
