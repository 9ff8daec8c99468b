// Stamps the kernels for one instruction set: included by one translation unit per set, after its
// header of simd/. One line here is all that a new kernel needs to be in every table.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/elementary.hpp"
#include "kernels/finite.hpp"
#include "kernels/losses/binary_crossentropy.hpp"
#include "kernels/losses/categorical_crossentropy.hpp"
#include "kernels/losses/huber.hpp"
#include "kernels/losses/mean_absolute_error.hpp"
#include "kernels/losses/mean_squared_error.hpp"
#include "kernels/losses/sparse_categorical_crossentropy.hpp"
#include "kernels/matmul.hpp"
#include "kernels/metrics.hpp"
#include "kernels/optimizers/adam.hpp"
#include "kernels/optimizers/rmsprop.hpp"
#include "kernels/optimizers/sgd.hpp"
#include "kernels/philox.hpp"
#include "kernels/table.hpp"
#include "kernels/transpose.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Stamp {
    static constexpr LossKernel<T> losses[] = {
        {"mean_squared_error", Labels::dense, elementwise_loss<T, MeanSquaredError>},
        {"mean_absolute_error", Labels::dense, elementwise_loss<T, MeanAbsoluteError>},
        {"huber", Labels::dense, elementwise_loss<T, Huber>},
        {"binary_crossentropy", Labels::dense, elementwise_loss<T, BinaryCrossentropy>},
        {"sigmoid_crossentropy", Labels::dense, elementwise_loss<T, SigmoidCrossentropy>},
        {"categorical_crossentropy", Labels::dense, rowwise_loss<T, CategoricalCrossentropy>},
        {"softmax_crossentropy", Labels::dense, rowwise_loss<T, SoftmaxCrossentropy>},
        {"sparse_categorical_crossentropy", Labels::sparse,
         rowwise_loss<T, SparseCategoricalCrossentropy>},
        {"sparse_softmax_crossentropy", Labels::sparse, rowwise_loss<T, SparseSoftmaxCrossentropy>},
    };
    static constexpr MetricKernel<T> metrics[] = {
        {"binary_accuracy", Labels::dense, binary_accuracy<T>},
        {"categorical_accuracy", Labels::dense, categorical_accuracy<T>},
        {"sparse_categorical_accuracy", Labels::sparse, sparse_categorical_accuracy<T>},
    };
    static constexpr ActivationKernel<T> activations[] = {
        {"relu", false, elementwise_forward<T, Relu>, elementwise_backward<T, Relu>},
        {"sigmoid", false, elementwise_forward<T, Sigmoid>, elementwise_backward<T, Sigmoid>},
        {"tanh", false, elementwise_forward<T, Tanh>, elementwise_backward<T, Tanh>},
        {"softmax", true, softmax_forward<T>, softmax_backward<T>},
    };
    template <template <class> class Functor>
    static constexpr OptimizerKernel<T> optimizer(const char* name) {
        return {name, Functor<T>::kSlots, Functor<T>::kScalars, update<T, Functor>};
    }
    static constexpr OptimizerKernel<T> optimizers[] = {
        optimizer<Sgd>("sgd"),
        optimizer<Momentum>("momentum"),
        optimizer<Nesterov>("nesterov"),
        optimizer<Rmsprop>("rmsprop"),
        optimizer<RmspropMomentum>("rmsprop_momentum"),
        optimizer<RmspropCentered>("rmsprop_centered"),
        optimizer<RmspropCenteredMomentum>("rmsprop_centered_momentum"),
        optimizer<Adam>("adam"),
        optimizer<Amsgrad>("amsgrad"),
    };
    static constexpr MathKernel<T> math[] = {
        {"exp", exp_array<T>},
        {"log", log_array<T>},
        {"log1p", log1p_array<T>},
    };
    template <class E, std::size_t N> static constexpr List<E> list(const E (&entries)[N]) {
        return {entries, N};
    }
    static constexpr KernelTable<T> table() {
        return {list(losses),
                list(metrics),
                list(activations),
                list(optimizers),
                list(math),
                {matmul<T>, outer<T>, column_sums<T>, transpose<T>},
                {dropout_mask<T>, random_uniform},
                all_finite<T>};
    }
};

} // namespace kudari::KUDARI_ISA
