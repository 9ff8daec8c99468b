// The loops over arrays, with their tails, written once. A tail runs the body's arithmetic on a
// partly filled vector, so a value depends neither on its index nor on the length.
#pragma once

#include "simd/vector.hpp"

namespace kudari::KUDARI_ISA {

// f(i, n) for each vector of an array of `count`: its first element and how many lanes are filled.
// Full vectors get the constant lane count, so loads and stores of them need no mask.
template <class T, class F> KUDARI_INLINE void for_each_vector(std::size_t count, F f) {
    using Full = std::integral_constant<int, kLanes<T>>;
    std::size_t i = 0;
    for (; i + kLanes<T> <= count; i += kLanes<T>) f(i, Full{});
    if (i < count) f(i, int(count - i));
}

template <class T, class N> KUDARI_INLINE Vec<T> load_lanes(const T* p, N n) {
    if constexpr (std::is_same_v<N, int>)
        return load_some(p, n);
    else
        return load(p);
}
template <class T, class N> KUDARI_INLINE void store_lanes(T* p, const Vec<T>& a, N n) {
    if constexpr (std::is_same_v<N, int>)
        store_some(p, a, n);
    else
        store(p, a);
}

// `value` in the filled lanes, `other` in the rest.
template <class T, class N>
KUDARI_INLINE Vec<T> fill_lanes(const Vec<T>& value, N n, const Vec<T>& other) {
    if constexpr (std::is_same_v<N, int>)
        return select(first_lanes<T>(n), value, other);
    else
        return value;
}

// out[i] = f(in[i]...) for i < count; out may be one of the inputs.
template <class T, class F, class... In>
KUDARI_INLINE void map(std::size_t count, T* out, F f, const In*... in) {
    for_each_vector<T>(count, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        store_lanes(out + i, f(load_lanes(in + i, n)...), n);
    });
}

} // namespace kudari::KUDARI_ISA
