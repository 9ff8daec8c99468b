// A loss that needs a whole row at once. A functor takes the rows in their order: row(args, r,
// factor) writes factor * d loss / d y_pred where kGrad asks for it, and returns the row's loss,
// unweighted: as a number or, where kLog says so, as what close(log(argument), rest) makes of the
// LogTerm.
#pragma once

#include "kernels/map.hpp"
#include "kernels/math.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct LogTerm {
    T argument, rest;
};

template <class T> KUDARI_INLINE T weight_of(const LossArgs<T>& a, std::size_t r) {
    return a.sample_weight ? a.sample_weight[r] : T(1);
}

template <class T, class Functor, bool kLoss, bool kGrad> void number_rows(const LossArgs<T>& a) {
    Functor functor(a);
    for (std::size_t r = 0; r < a.rows; ++r) {
        const T weight = weight_of(a, r);
        const T loss = functor.template row<kLoss, kGrad>(a, r, a.scale * weight);
        if (kLoss) a.loss[r] = weight * loss;
    }
}

// The logarithms of a vector's worth of rows are taken at once.
template <class T, class Functor, bool kLoss, bool kGrad> void log_rows(const LossArgs<T>& a) {
    Functor functor(a);
    for (std::size_t first = 0; first < a.rows; first += kLanes<T>) {
        const std::size_t left = a.rows - first;
        const int n = left < kLanes<T> ? int(left) : kLanes<T>;
        T argument[kLanes<T>] = {}, rest[kLanes<T>] = {}, weight[kLanes<T>] = {};
        for (int i = 0; i < n; ++i) {
            weight[i] = weight_of(a, first + i);
            const auto term = functor.template row<kGrad>(a, first + i, a.scale * weight[i]);
            argument[i] = term.argument;
            rest[i] = term.rest;
        }
        if (kLoss)
            store_some(a.loss + first,
                       load(weight) * Functor::close(log(load(argument)), load(rest)), n);
    }
}

template <class T, class Functor, bool kLoss, bool kGrad>
void rowwise_loss_phase(const LossArgs<T>& a) {
    if constexpr (Functor::kLog)
        log_rows<T, Functor, kLoss, kGrad>(a);
    else
        number_rows<T, Functor, kLoss, kGrad>(a);
}

template <class T, template <class> class Functor> void rowwise_loss(const LossArgs<T>& a) {
    if (a.loss && a.grad)
        rowwise_loss_phase<T, Functor<T>, true, true>(a);
    else if (a.loss)
        rowwise_loss_phase<T, Functor<T>, true, false>(a);
    else if (a.grad)
        rowwise_loss_phase<T, Functor<T>, false, true>(a);
}

} // namespace kudari::KUDARI_ISA
