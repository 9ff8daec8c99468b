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
    T keep, add;
    CategoricalSmoothing(T s, std::size_t classes) : keep(T(1) - s), add(s / T(classes)) {}
    template <class P> KUDARI_INLINE P operator()(const P& y) const {
        return y * broadcast_pack<P>(keep) + broadcast_pack<P>(add);
    }
};

template <class T> KUDARI_INLINE T row_sum(const T* x, std::size_t columns) {
    Vec<T> sum = set(T(0));
    for_each_group<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        sum = add_lanes<T>(sum, load_lanes(x + i, n), n);
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
    static constexpr bool kLog = false;
    explicit CategoricalCrossentropy(const LossArgs<T>&) {}
    template <bool kLoss, bool kGrad>
    KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* y = a.y_true + r * a.columns;
        const T* p = a.y_pred + r * a.columns;
        const CategoricalSmoothing<T> smooth(a.parameter, a.columns);
        const T total = row_sum(p, a.columns);
        const Vec<T> zero = set(T(0));
        Vec<T> loss = zero, inner = zero; // inner = -sum_i g_i q_i
        for_each_vector<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            const ClippedProbability<T> c(load_lanes(p + i, n), total);
            const Vec<T> target = smooth(load_lanes(y + i, n));
            if (kLoss) loss = add_lanes<T>(loss, target * log(c.q), n);
            if (kGrad) inner = add_lanes<T>(inner, select(c.clipped, zero, target), n);
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
    static constexpr bool kLog = false;
    SoftmaxRows<T> each_row;
    explicit SoftmaxCrossentropy(const LossArgs<T>& a) : each_row(a.y_pred, a.rows, a.columns) {}
    template <bool kLoss, bool kGrad>
    KUDARI_INLINE T row(const LossArgs<T>& a, std::size_t r, T factor) {
        const T* y = a.y_true + r * a.columns;
        const T* z = a.y_pred + r * a.columns;
        const CategoricalSmoothing<T> smooth(a.parameter, a.columns);
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        const auto found = each_row.next(grad);
        const T largest = found.top, total = found.total;
        const T log_total = first_lane(log(set(total)));
        const Vec<T> zero = set(T(0));
        Vec<T> loss = zero, mass = zero;
        for_each_group<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            const auto target = smooth(load_lanes(y + i, n));
            using P = std::decay_t<decltype(target)>;
            prefetch_lanes(y + a.columns + i, n);
            mass = add_lanes<T>(mass, target, n);
            const P below = load_lanes(z + i, n) - broadcast_pack<P>(largest);
            if (kLoss)
                loss = add_lanes<T>(loss, target * (broadcast_pack<P>(log_total) - below), n);
        });
        if (kGrad) {
            const T share = sum_lanes(mass) / total;
            map<T>(
                a.columns, grad,
                [&]<class P>(const P& e, const P& labels) __attribute__((always_inline)) {
                    const P rest = e * broadcast_pack<P>(share) - smooth(labels);
                    return rest * broadcast_pack<P>(factor);
                },
                grad, y);
        }
        return sum_lanes(loss);
    }
};

} // namespace kudari::KUDARI_ISA
