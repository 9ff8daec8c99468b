// Accuracies, one value per row.
//   binary              mean over columns of [y = [p > threshold]]
//   categorical         [argmax y = argmax p]
//   sparse categorical  [y = argmax p]
// argmax is the first of the largest; a NaN is passed over.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

template <class T> KUDARI_INLINE std::size_t argmax(const T* x, std::size_t columns) {
    std::size_t best = 0;
    T top = -T(__builtin_inf());
    for (std::size_t j = 0; j < columns; ++j)
        if (x[j] > top) top = x[j], best = j;
    return best;
}

template <class T> void binary_accuracy(const LossArgs<T>& a) {
    for (std::size_t r = 0; r < a.rows; ++r) {
        std::size_t right = 0;
        for (std::size_t i = r * a.columns; i < (r + 1) * a.columns; ++i)
            right += a.y_true[i] == T(a.y_pred[i] > a.parameter);
        a.loss[r] = T(right) / T(a.columns);
    }
}

template <class T> void categorical_accuracy(const LossArgs<T>& a) {
    for (std::size_t r = 0; r < a.rows; ++r)
        a.loss[r] = argmax(a.y_true + r * a.columns, a.columns) ==
                    argmax(a.y_pred + r * a.columns, a.columns);
}

template <class T> void sparse_categorical_accuracy(const LossArgs<T>& a) {
    for (std::size_t r = 0; r < a.rows; ++r)
        a.loss[r] = std::size_t(a.labels[r]) == argmax(a.y_pred + r * a.columns, a.columns);
}

} // namespace kudari::KUDARI_ISA
