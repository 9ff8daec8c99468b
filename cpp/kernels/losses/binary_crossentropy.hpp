// The crossentropy of independent yes/no outputs, y first smoothed to y (1 - s) + s / 2. The
// parameter is s.
//   from probabilities, q = p clipped to [eps, 1 - eps], eps = 1e-7, in the arrays' own precision:
//     loss = -(y log q + (1 - y) log(1 - q)),  d/dp = (q - y) / (q (1 - q)) inside the clip, 0
//     outside
//   from logits:
//     loss = max(z, 0) - z y + log1p(exp(-|z|)),  d/dz = sigmoid(z) - y
#pragma once

#include "kernels/losses/elementwise.hpp"
#include "kernels/math.hpp"
#include "kernels/sigmoid.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct BinarySmoothing {
    Vec<T> keep, add;
    explicit BinarySmoothing(T s) : keep(set(T(1) - s)), add(set(T(0.5) * s)) {}
    KUDARI_INLINE Vec<T> operator()(const Vec<T>& y) const { return y * keep + add; }
};

template <class T> struct BinaryCrossentropy {
    BinarySmoothing<T> smooth;
    explicit BinaryCrossentropy(T s) : smooth(s) {}
    KUDARI_INLINE Term<T> operator()(const Vec<T>& labels, const Vec<T>& p) const {
        const Vec<T> one = set(T(1)), low = set(kProbabilityMargin<T>), high = one - low;
        const Vec<T> y = smooth(labels), q = smaller(larger(p, low), high);
        const Vec<T> loss = negate<T>(y * log(q) + (one - y) * log(one - q));
        const Vec<T> slope = (q - y) / (q * (one - q));
        const auto clipped = (p < low) | (p > high);
        return {loss, select(clipped, set(T(0)), slope)};
    }
};

template <class T> struct SigmoidCrossentropy {
    BinarySmoothing<T> smooth;
    explicit SigmoidCrossentropy(T s) : smooth(s) {}
    KUDARI_INLINE Term<T> operator()(const Vec<T>& labels, const Vec<T>& z) const {
        const Vec<T> y = smooth(labels), decay = exp(negate<T>(absolute<T>(z)));
        const Vec<T> loss = (larger(z, set(T(0))) - z * y) + log1p(decay);
        return {loss, sigmoid_from_decay<T>(z, decay) - y};
    }
};

} // namespace kudari::KUDARI_ISA
