// The crossentropy of one choice among C classes, y the class's index k.
//   from probabilities, q = p_k / sum(p) clipped to [eps, 1 - eps], eps = 1e-7, as Keras:
//     loss = -log q,  d/dp_j = (1 - [j = k] / q) / sum(p) inside the clip, 0 outside
//   from logits:
//     loss = log sum exp z - z_k,  d/dz_j = softmax(z)_j - [j = k]
#pragma once

#include "kernels/losses/categorical_crossentropy.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct SparseCategoricalCrossentropy {
    static constexpr bool kLog = true;
    explicit SparseCategoricalCrossentropy(const LossArgs<T>&) {}
    static KUDARI_INLINE Vec<T> close(const Vec<T>& logarithm, const Vec<T>&) {
        return negate(logarithm);
    }
    template <bool kGrad>
    KUDARI_INLINE LogTerm<T> row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* p = a.y_pred + r * a.columns;
        const std::int32_t k = a.labels[r];
        const T total = row_sum(p, a.columns), low = kProbabilityMargin<T>, high = T(1) - low;
        const T share = p[k] / total;
        const T q = share < low ? low : share > high ? high : share;
        if (kGrad) {
            T* grad = a.grad + r * a.columns;
            const T over = (share < low || share > high) ? T(0) : factor / total;
            fill(a.columns, grad, over);
            grad[k] = over * (T(1) - T(1) / q);
        }
        return {q, T(0)};
    }
};

template <class T> struct SparseSoftmaxCrossentropy {
    static constexpr bool kLog = true;
    SoftmaxRows<T> each_row;
    explicit SparseSoftmaxCrossentropy(const LossArgs<T>& a)
        : each_row(a.y_pred, a.rows, a.columns) {}
    static KUDARI_INLINE Vec<T> close(const Vec<T>& logarithm, const Vec<T>& rest) {
        return logarithm - rest;
    }
    template <bool kGrad>
    KUDARI_INLINE LogTerm<T> row(const LossArgs<T>& a, std::size_t r, T factor) {
        const std::int32_t k = a.labels[r];
        const T picked = a.y_pred[r * a.columns + k];
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        const auto found = each_row.next(grad);
        const T total = found.total;
        if (kGrad) {
            const T inverse = T(1) / total, share = grad[k] * inverse;
            map<T>(
                a.columns, grad,
                [&]<class P>(const P& e) __attribute__((always_inline)) {
                    return (e * broadcast_pack<P>(inverse)) * broadcast_pack<P>(factor);
                },
                grad);
            grad[k] = (share - T(1)) * factor;
        }
        return {total, picked - found.top};
    }
};

} // namespace kudari::KUDARI_ISA
