// A loss that needs a whole row at once. A functor's row<loss?, grad?>(args, r, factor) returns the
// row's loss, unweighted, and writes factor * d loss / d y_pred, where it is asked for them.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

template <class T, class Functor, bool kLoss, bool kGrad>
void rowwise_loss_phase(const LossArgs<T>& a) {
    for (std::size_t r = 0; r < a.rows; ++r) {
        const T weight = a.sample_weight ? a.sample_weight[r] : T(1);
        const T loss = Functor::template row<kLoss, kGrad>(a, r, a.scale * weight);
        if (kLoss) a.loss[r] = weight * loss;
    }
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
