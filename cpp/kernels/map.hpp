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

// So many vectors side by side: every operation of a chain such as exp waits for the one before it,
// and the registers of the others fill the wait.
inline constexpr int kGroup = kRegisters < 4 ? 4 / kRegisters : 1;

// As for_each_vector, by whole groups of vectors while there are any.
template <class T, class F> KUDARI_INLINE void for_each_group(std::size_t count, F f) {
    constexpr int lanes = kGroup * kLanes<T>;
    std::size_t i = 0;
    if constexpr (kGroup > 1)
        for (; i + lanes <= count; i += lanes) f(i, std::integral_constant<int, lanes>{});
    for_each_vector<T>(count - i,
                       [&](std::size_t j, auto n) __attribute__((always_inline)) { f(i + j, n); });
}

// What n lanes are held in: a vector, or a whole group.
template <class T, class N> struct Holder {
    using type = Vec<T>;
};
template <class T, int lanes> struct Holder<T, std::integral_constant<int, lanes>> {
    using type = Pack<Reg<T>, lanes / kRegLanes<T>>;
};

template <class T, class N> KUDARI_INLINE auto load_lanes(const T* p, N n) {
    if constexpr (std::is_same_v<N, int>)
        return load_some(p, n);
    else
        return load_pack<typename Holder<T, N>::type>(p);
}
template <class T, class P, class N> KUDARI_INLINE void store_lanes(T* p, const P& a, N n) {
    if constexpr (std::is_same_v<N, int>)
        store_some(p, a, n);
    else
        store_pack(p, a);
}

// Asks for the cache lines of the lanes at p, soon to be read or written; p may lie beyond an
// array.
template <class T, class N> KUDARI_INLINE void prefetch_lanes(const T* p, N) {
    for (std::size_t at = 0; at < sizeof(typename Holder<T, N>::type); at += 64)
        __builtin_prefetch(reinterpret_cast<const char*>(p) + at);
}

// `value` in the filled lanes, `other` in the rest.
template <class T>
KUDARI_INLINE Vec<T> fill_lanes(const Vec<T>& value, int n, const Vec<T>& other) {
    return select(first_lanes<T>(n), value, other);
}

// sum + the filled lanes of `values`, vector by vector: the same sum as without groups.
template <class T, class P, class N>
KUDARI_INLINE Vec<T> add_lanes(const Vec<T>& sum, const P& values, N n) {
    if constexpr (std::is_same_v<N, int>)
        return sum + fill_lanes<T>(values, n, set(T(0)));
    else if constexpr (sizeof(P) == sizeof(Vec<T>))
        return sum + values;
    else
        return add_lanes<T>(add_lanes<T>(sum, values.lo, n), values.hi, n);
}

// out[i] = f(in[i]...) for i < count; out may be one of the inputs.
template <class T, class F, class... In>
KUDARI_INLINE void map(std::size_t count, T* out, F f, const In*... in) {
    for_each_group<T>(count, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        store_lanes(out + i, f(load_lanes(in + i, n)...), n);
    });
}

template <class T> KUDARI_INLINE void fill(std::size_t count, T* out, T value) {
    for_each_vector<T>(count, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        store_lanes(out + i, set(value), n);
    });
}

} // namespace kudari::KUDARI_ISA
