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
    T keep, add;
    explicit BinarySmoothing(T s) : keep(T(1) - s), add(T(0.5) * s) {}
    template <class P> KUDARI_INLINE P operator()(const P& y) const {
        return y * broadcast_pack<P>(keep) + broadcast_pack<P>(add);
    }
};

template <class T> struct BinaryCrossentropy {
    BinarySmoothing<T> smooth;
    explicit BinaryCrossentropy(T s) : smooth(s) {}
    template <class P, class Take>
    KUDARI_INLINE void operator()(const P& labels, const P& p, Take take) const {
        const P one = broadcast_pack<P>(T(1)), low = broadcast_pack<P>(kProbabilityMargin<T>);
        const P high = one - low, y = smooth(labels), q = smaller(larger(p, low), high);
        const P loss = negate(y * log(q) + (one - y) * log(one - q));
        const P slope = (q - y) / (q * (one - q));
        const auto clipped = (p < low) | (p > high);
        take(loss, select(clipped, broadcast_pack<P>(T(0)), slope));
    }
};

template <class T> struct SigmoidCrossentropy {
    BinarySmoothing<T> smooth;
    explicit SigmoidCrossentropy(T s) : smooth(s) {}
    template <class P, class Take>
    KUDARI_INLINE void operator()(const P& labels, const P& z, Take take) const {
        const P y = smooth(labels), decay = exp_of_negative(negate(absolute(z)));
        const P loss = (larger(z, broadcast_pack<P>(T(0))) - z * y) + log1p_of_unit(decay);
        take(loss, sigmoid_from_decay(z, decay) - y);
    }
};

} // namespace kudari::KUDARI_ISA
