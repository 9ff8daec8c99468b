// A loss whose row value is the mean over columns of a term of (y, p). A functor built from the
// parameter returns the term and its derivative by p; what a caller does not ask for is not
// computed.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Term {
    Vec<T> loss, grad;
};

// One column: rows are the vector's lanes.
template <class T, class Functor, bool kLoss, bool kGrad>
void single_column_loss(const LossArgs<T>& a, const Functor& functor) {
    for_each_vector<T>(a.rows, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        Term<T> term = functor(load_lanes(a.y_true + i, n), load_lanes(a.y_pred + i, n));
        Vec<T> weight = a.sample_weight ? load_lanes(a.sample_weight + i, n) : set(T(1));
        if (kLoss) store_lanes(a.loss + i, weight * term.loss, n);
        if (kGrad) store_lanes(a.grad + i, (set(a.scale) * weight) * term.grad, n);
    });
}

template <class T, class Functor, bool kLoss, bool kGrad>
void many_columns_loss(const LossArgs<T>& a, const Functor& functor) {
    for (std::size_t r = 0; r < a.rows; ++r) {
        const T weight = a.sample_weight ? a.sample_weight[r] : T(1);
        const Vec<T> factor = set(a.scale * weight / T(a.columns));
        const T* y = a.y_true + r * a.columns;
        const T* p = a.y_pred + r * a.columns;
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        Vec<T> sum = set(T(0));
        for_each_vector<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            Term<T> term = functor(load_lanes(y + i, n), load_lanes(p + i, n));
            if (kLoss) sum = sum + fill_lanes<T>(term.loss, n, set(T(0)));
            if (kGrad) store_lanes(grad + i, factor * term.grad, n);
        });
        if (kLoss) a.loss[r] = weight * (sum_lanes(sum) / T(a.columns));
    }
}

template <class T, class Functor, bool kLoss, bool kGrad>
void elementwise_loss_phase(const LossArgs<T>& a) {
    const Functor functor(a.parameter);
    if (a.columns == 1)
        single_column_loss<T, Functor, kLoss, kGrad>(a, functor);
    else
        many_columns_loss<T, Functor, kLoss, kGrad>(a, functor);
}

template <class T, template <class> class Functor> void elementwise_loss(const LossArgs<T>& a) {
    if (a.loss && a.grad)
        elementwise_loss_phase<T, Functor<T>, true, true>(a);
    else if (a.loss)
        elementwise_loss_phase<T, Functor<T>, true, false>(a);
    else if (a.grad)
        elementwise_loss_phase<T, Functor<T>, false, true>(a);
}

} // namespace kudari::KUDARI_ISA
