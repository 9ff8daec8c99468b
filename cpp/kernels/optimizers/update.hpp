// One pass over parameters and slots. A functor is built from the step's scalars; its step() takes
// one vector of parameters, gradients and slots and changes parameters and slots. Every operation
// is rounded by itself, in the order Keras writes them.
#pragma once

#include "kernels/map.hpp"

namespace kudari::KUDARI_ISA {

// A slot below the smallest normal number becomes 0: it could otherwise stay subnormal, and slow,
// for ever (with a zero gradient Adam's m sticks at 5.6e-45).
template <class T> KUDARI_INLINE Vec<T> drop_subnormal(const Vec<T>& slot) {
    constexpr T smallest = sizeof(T) == 4 ? T(0x1p-126) : T(0x1p-1022);
    return select(absolute(slot) < set(smallest), set(T(0)), slot);
}

template <class T, template <class> class Functor>
void update(T* params, const T* grads, T* const* slots, const T* scalars, std::size_t count) {
    constexpr int kSlots = Functor<T>::kSlots;
    const Functor<T> functor(scalars);
    T* slot[kSlots + 1];
    for (int s = 0; s < kSlots; ++s) slot[s] = slots[s];
    for_each_vector<T>(count, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        Vec<T> w = load_lanes(params + i, n), state[kSlots + 1];
        for (int s = 0; s < kSlots; ++s) state[s] = load_lanes(slot[s] + i, n);
        functor.step(w, load_lanes(grads + i, n), state);
        for (int s = 0; s < kSlots; ++s) store_lanes(slot[s] + i, drop_subnormal<T>(state[s]), n);
        store_lanes(params + i, w, n);
    });
}

} // namespace kudari::KUDARI_ISA
