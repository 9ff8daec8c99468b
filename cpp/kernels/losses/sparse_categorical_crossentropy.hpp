// The crossentropy of one choice among C classes, y the class's index k.
//   from probabilities, q = p_k / sum(p) clipped to [eps, 1 - eps], eps = 1e-7, as Keras:
//     loss = -log q,  d/dp_j = (1 - [j = k] / q) / sum(p) inside the clip, 0 outside
//   from logits:
//     loss = log sum exp z - z_k,  d/dz_j = softmax(z)_j - [j = k]
#pragma once

#include "kernels/losses/categorical_crossentropy.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct SparseCategoricalCrossentropy {
    template <bool kLoss, bool kGrad>
    static KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* p = a.y_pred + r * a.columns;
        const std::int32_t k = a.labels[r];
        const T total = row_sum(p, a.columns), low = kProbabilityMargin<T>, high = T(1) - low;
        const T share = p[k] / total;
        const T q = share < low ? low : share > high ? high : share;
        if (kGrad) {
            T* grad = a.grad + r * a.columns;
            const T over = (share < low || share > high) ? T(0) : factor / total;
            map<T>(a.columns, grad, [&]() __attribute__((always_inline)) { return set(over); });
            grad[k] = over * (T(1) - T(1) / q);
        }
        return kLoss ? -first_lane(log(set(q))) : T(0);
    }
};

template <class T> struct SparseSoftmaxCrossentropy {
    template <bool kLoss, bool kGrad>
    static KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* z = a.y_pred + r * a.columns;
        const std::int32_t k = a.labels[r];
        const T top = row_max(z, a.columns), picked = z[k];
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        const T total = row_exp(z, top, grad, a.columns);
        if (kGrad) {
            const T inverse = T(1) / total, share = grad[k] * inverse;
            map<T>(
                a.columns, grad,
                [&](const Vec<T>& e)
                    __attribute__((always_inline)) { return (e * set(inverse)) * set(factor); },
                grad);
            grad[k] = (share - T(1)) * factor;
        }
        return kLoss ? first_lane(log(set(total))) - (picked - top) : T(0);
    }
};

} // namespace kudari::KUDARI_ISA
