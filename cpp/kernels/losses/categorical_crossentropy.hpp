// The crossentropy of one choice among C classes, y a distribution over them, first smoothed to
// y (1 - s) + s / C. The parameter is s.
//   from probabilities, q = p / sum(p) clipped to [eps, 1 - eps], eps = 1e-7, as Keras:
//     loss = -sum_j y_j log q_j
//     d/dp_j = (g_j - sum_i g_i q_i) / sum(p),  g = -y / q inside the clip, 0 outside
//   from logits:
//     loss = sum_j y_j (log sum exp z - z_j),  d/dz_j = softmax(z)_j sum(y) - y_j
#pragma once

#include "kernels/losses/rowwise.hpp"
#include "kernels/math.hpp"
#include "kernels/sigmoid.hpp"
#include "kernels/softmax.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct CategoricalSmoothing {
    Vec<T> keep, add;
    CategoricalSmoothing(T s, std::size_t classes)
        : keep(set(T(1) - s)), add(set(s / T(classes))) {}
    KUDARI_INLINE Vec<T> operator()(const Vec<T>& y) const { return y * keep + add; }
};

template <class T> KUDARI_INLINE T row_sum(const T* x, std::size_t columns) {
    Vec<T> sum = set(T(0));
    for_each_vector<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        sum = sum + load_lanes(x + i, n);
    });
    return sum_lanes(sum);
}

template <class T> struct ClippedProbability {
    Vec<T> q;
    IntVec<T> clipped;
    KUDARI_INLINE ClippedProbability(const Vec<T>& p, T total) {
        const Vec<T> low = set(kProbabilityMargin<T>), high = set(T(1)) - low;
        const Vec<T> share = p / set(total);
        q = smaller(larger(share, low), high);
        clipped = (share < low) | (share > high);
    }
};

template <class T> struct CategoricalCrossentropy {
    template <bool kLoss, bool kGrad>
    static KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* y = a.y_true + r * a.columns;
        const T* p = a.y_pred + r * a.columns;
        const CategoricalSmoothing<T> smooth(a.parameter, a.columns);
        const T total = row_sum(p, a.columns);
        const Vec<T> zero = set(T(0));
        Vec<T> loss = zero, inner = zero; // inner = -sum_i g_i q_i
        for_each_vector<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            const ClippedProbability<T> c(load_lanes(p + i, n), total);
            const Vec<T> target = smooth(load_lanes(y + i, n));
            if (kLoss) loss = loss + fill_lanes<T>(target * log(c.q), n, zero);
            if (kGrad) inner = inner + fill_lanes<T>(select(c.clipped, zero, target), n, zero);
        });
        if (kGrad) {
            T* grad = a.grad + r * a.columns;
            const Vec<T> shift = set(sum_lanes(inner)), over = set(factor / total);
            for_each_vector<T>(a.columns,
                               [&](std::size_t i, auto n) __attribute__((always_inline)) {
                                   const ClippedProbability<T> c(load_lanes(p + i, n), total);
                                   const Vec<T> target = smooth(load_lanes(y + i, n));
                                   const Vec<T> g = select(c.clipped, zero, target / c.q);
                                   store_lanes(grad + i, (shift - g) * over, n);
                               });
        }
        return -sum_lanes(loss);
    }
};

template <class T> struct SoftmaxCrossentropy {
    template <bool kLoss, bool kGrad>
    static KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* y = a.y_true + r * a.columns;
        const T* z = a.y_pred + r * a.columns;
        const CategoricalSmoothing<T> smooth(a.parameter, a.columns);
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        const T top = row_max(z, a.columns), total = row_exp(z, top, grad, a.columns);
        const Vec<T> zero = set(T(0)), log_total = log(set(total));
        Vec<T> loss = zero, mass = zero;
        for_each_vector<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            const Vec<T> target = fill_lanes<T>(smooth(load_lanes(y + i, n)), n, zero);
            mass = mass + target;
            if (kLoss) loss = loss + target * (log_total - (load_lanes(z + i, n) - set(top)));
        });
        if (kGrad) {
            const Vec<T> share = set(sum_lanes(mass) / total);
            for_each_vector<T>(a.columns, [&](std::size_t i,
                                              auto n) __attribute__((always_inline)) {
                const Vec<T> target = smooth(load_lanes(y + i, n));
                store_lanes(grad + i, (load_lanes(grad + i, n) * share - target) * set(factor), n);
            });
        }
        return sum_lanes(loss);
    }
};

} // namespace kudari::KUDARI_ISA
