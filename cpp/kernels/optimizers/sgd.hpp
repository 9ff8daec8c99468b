// sgd        w -= lr g                                             scalars lr
// momentum   v = mu v - lr g;  w += v                              scalars lr, mu
// nesterov   v = mu v - lr g;  w += mu v - lr g                    scalars lr, mu
#pragma once

#include "kernels/optimizers/update.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Sgd {
    static constexpr int kSlots = 0, kScalars = 1;
    Vec<T> rate;
    explicit Sgd(const T* s) : rate(set(s[0])) {}
    KUDARI_INLINE void step(Vec<T>& w, const Vec<T>& g, Vec<T>*) const { w = w - rate * g; }
};

template <class T> struct Momentum {
    static constexpr int kSlots = 1, kScalars = 2;
    Vec<T> rate, mu;
    explicit Momentum(const T* s) : rate(set(s[0])), mu(set(s[1])) {}
    KUDARI_INLINE void step(Vec<T>& w, const Vec<T>& g, Vec<T>* slot) const {
        slot[0] = mu * slot[0] - rate * g;
        w = w + slot[0];
    }
};

template <class T> struct Nesterov {
    static constexpr int kSlots = 1, kScalars = 2;
    Vec<T> rate, mu;
    explicit Nesterov(const T* s) : rate(set(s[0])), mu(set(s[1])) {}
    KUDARI_INLINE void step(Vec<T>& w, const Vec<T>& g, Vec<T>* slot) const {
        const Vec<T> push = rate * g;
        slot[0] = mu * slot[0] - push;
        w = w + (mu * slot[0] - push);
    }
};

} // namespace kudari::KUDARI_ISA
