// sigmoid(z) = 1 / (1 + exp(-z)), from exp(-|z|) so that neither side overflows.
#pragma once

#include "kernels/math.hpp"

namespace kudari::KUDARI_ISA {

// The margin of clipped probabilities, Keras's epsilon().
template <class T> inline constexpr T kProbabilityMargin = T(1e-7);

// decay = exp(-|z|)
template <class T> KUDARI_INLINE Vec<T> sigmoid_from_decay(const Vec<T>& z, const Vec<T>& decay) {
    const Vec<T> one = set(T(1));
    return select(z < set(T(0)), decay, one) / (one + decay);
}

template <class T> KUDARI_INLINE Vec<T> sigmoid(const Vec<T>& z) {
    return sigmoid_from_decay<T>(z, exp(negate<T>(absolute<T>(z))));
}

} // namespace kudari::KUDARI_ISA
