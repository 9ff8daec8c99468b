// loss = (p - y)^2,  d/dp = 2 (p - y)
#pragma once

#include "kernels/losses/elementwise.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct MeanSquaredError {
    explicit MeanSquaredError(T) {}
    KUDARI_INLINE Term<T> operator()(const Vec<T>& y, const Vec<T>& p) const {
        const Vec<T> error = p - y;
        return {error * error, error + error};
    }
};

} // namespace kudari::KUDARI_ISA
