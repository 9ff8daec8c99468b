// sigmoid(z) = 1 / (1 + exp(-z)), from exp(-|z|) so that neither side overflows.
#pragma once

#include "kernels/math.hpp"

namespace kudari::KUDARI_ISA {

// The margin of clipped probabilities, Keras's epsilon().
template <class T> inline constexpr T kProbabilityMargin = T(1e-7);

// decay = exp(-|z|)
template <class P> KUDARI_INLINE P sigmoid_from_decay(const P& z, const P& decay) {
    const P one = math::constant<P>(1);
    return select(z < math::constant<P>(0), decay, one) / (one + decay);
}

template <class P> KUDARI_INLINE P sigmoid(const P& z) {
    return sigmoid_from_decay(z, exp_of_negative(negate(absolute(z))));
}

} // namespace kudari::KUDARI_ISA
