// e = p - y;  loss = e^2 / 2 where |e| <= delta, delta |e| - delta^2 / 2 beyond;  d/dp = e clipped
// to
// [-delta, delta]. The parameter is delta.
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Huber {
    Vec<T> delta, constant;
    explicit Huber(T d) : delta(set(d)), constant(set(T(0.5) * d * d)) {}
    KUDARI_INLINE Term<T> operator()(const Vec<T>& y, const Vec<T>& p) const {
        const Vec<T> error = p - y, size = absolute<T>(error);
        const Vec<T> inside = set(T(0.5)) * error * error;
        const Vec<T> beyond = delta * size - constant;
        return {select(size <= delta, inside, beyond),
                smaller(larger(error, negate<T>(delta)), delta)};
    }
};

} // namespace kudari::KUDARI_ISA
