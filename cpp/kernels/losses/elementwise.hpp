// A loss whose row value is the mean over columns of a term of (y, p). A functor built from the
// parameter hands the term and its derivative by p to its third argument; what a caller does not
// ask for is not computed.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

// One column: rows are the vector's lanes.
template <class T, class Functor, bool kLoss, bool kGrad, bool kWeighted>
void single_column_loss(const LossArgs<T>& args, const Functor& f) {
    const LossArgs<T> a = args; // of its own, so that no store can change it
    const Functor functor = f;
    for_each_group<T>(a.rows, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        functor(load_lanes(a.y_true + i, n), load_lanes(a.y_pred + i, n),
                [&]<class P>(const P& loss, const P& slope) __attribute__((always_inline)) {
                    const P scale = broadcast_pack<P>(a.scale);
                    if constexpr (kWeighted) {
                        const P weight = load_lanes(a.sample_weight + i, n);
                        if (kLoss) store_lanes(a.loss + i, weight * loss, n);
                        if (kGrad) store_lanes(a.grad + i, (scale * weight) * slope, n);
                    } else {
                        if (kLoss) store_lanes(a.loss + i, loss, n);
                        if (kGrad) store_lanes(a.grad + i, scale * slope, n);
                    }
                });
    });
}

template <class T, class Functor, bool kLoss, bool kGrad>
void many_columns_loss(const LossArgs<T>& a, const Functor& f) {
    const Functor functor = f;
    for (std::size_t r = 0; r < a.rows; ++r) {
        const T weight = a.sample_weight ? a.sample_weight[r] : T(1);
        const T factor = a.scale * weight / T(a.columns);
        const T* y = a.y_true + r * a.columns;
        const T* p = a.y_pred + r * a.columns;
        T* grad = kGrad ? a.grad + r * a.columns : nullptr;
        Vec<T> sum = set(T(0));
        for_each_group<T>(a.columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            functor(load_lanes(y + i, n), load_lanes(p + i, n),
                    [&]<class P>(const P& loss, const P& slope) __attribute__((always_inline)) {
                        if (kLoss) sum = add_lanes<T>(sum, loss, n);
                        if (kGrad) store_lanes(grad + i, broadcast_pack<P>(factor) * slope, n);
                    });
        });
        if (kLoss) a.loss[r] = weight * (sum_lanes(sum) / T(a.columns));
    }
}

template <class T, class Functor, bool kLoss, bool kGrad>
void elementwise_loss_phase(const LossArgs<T>& a) {
    const Functor functor(a.parameter);
    if (a.columns == 1 && a.sample_weight)
        single_column_loss<T, Functor, kLoss, kGrad, true>(a, functor);
    else if (a.columns == 1)
        single_column_loss<T, Functor, kLoss, kGrad, false>(a, functor);
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
