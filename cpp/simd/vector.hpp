// The operations of the logical vector, written once for every instruction set.
#pragma once

#include <type_traits>

#include "simd/pack.hpp"

namespace kudari::KUDARI_ISA {

// ---- memory -------------------------------------------------------------------------------------

template <class P, class T> KUDARI_INLINE P load_pack(const T* p) {
    if constexpr (sizeof(P) == KUDARI_REGISTER_BYTES) {
        P out;
        __builtin_memcpy(&out, p, sizeof out);
        return out;
    } else {
        using Half = decltype(P::lo);
        return {load_pack<Half>(p), load_pack<Half>(p + sizeof(Half) / sizeof(T))};
    }
}

template <class T, class R, int N> KUDARI_INLINE void store_pack(T* p, const Pack<R, N>& a) {
    if constexpr (N == 1) {
        __builtin_memcpy(p, &a.reg, sizeof a.reg);
    } else {
        store_pack(p, a.lo);
        store_pack(p + sizeof(a.lo) / sizeof(T), a.hi);
    }
}

template <class P, class T> KUDARI_INLINE P load_some_pack(const T* p, int n) {
    if constexpr (sizeof(P) == KUDARI_REGISTER_BYTES) {
        return {RegOps<T>::load_some(p, n)};
    } else {
        using Half = decltype(P::lo);
        constexpr int half = sizeof(Half) / sizeof(T);
        return {load_some_pack<Half>(p, n), load_some_pack<Half>(p + half, n - half)};
    }
}

template <class T, class R, int N>
KUDARI_INLINE void store_some_pack(T* p, const Pack<R, N>& a, int n) {
    if constexpr (N == 1) {
        RegOps<T>::store_some(p, a.reg, n);
    } else {
        constexpr int half = sizeof(a.lo) / sizeof(T);
        store_some_pack(p, a.lo, n);
        store_some_pack(p + half, a.hi, n - half);
    }
}

template <class T> KUDARI_INLINE Vec<T> load(const T* p) { return load_pack<Vec<T>>(p); }
template <class T> KUDARI_INLINE void store(T* p, const Vec<T>& a) { store_pack(p, a); }

// The first n lanes from memory (n may be 0 or below, or above the lane count), +0 in the others.
template <class T> KUDARI_INLINE Vec<T> load_some(const T* p, int n) {
    return load_some_pack<Vec<T>>(p, n);
}
template <class T> KUDARI_INLINE void store_some(T* p, const Vec<T>& a, int n) {
    store_some_pack(p, a, n);
}

template <class P, class T> KUDARI_INLINE P broadcast_pack(T x) {
    if constexpr (sizeof(P) == KUDARI_REGISTER_BYTES)
        return {x - decltype(P::reg){}}; // not 0 + x: that would lose the sign of -0
    else
        return {broadcast_pack<decltype(P::lo)>(x), broadcast_pack<decltype(P::lo)>(x)};
}

// ---- arithmetic ---------------------------------------------------------------------------------

#define KUDARI_BINARY(op)                                                                          \
    template <class R, int N>                                                                      \
    KUDARI_INLINE Pack<R, N> operator op(const Pack<R, N>& a, const Pack<R, N>& b) {               \
        return each([](R x, R y) __attribute__((always_inline)) { return R(x op y); }, a, b);      \
    }
KUDARI_BINARY(+)
KUDARI_BINARY(-)
KUDARI_BINARY(*)
KUDARI_BINARY(/)
KUDARI_BINARY(&)
KUDARI_BINARY(|)
KUDARI_BINARY(^)
KUDARI_BINARY(<<)
KUDARI_BINARY(>>)
#undef KUDARI_BINARY

template <class R> using Element = std::remove_reference_t<decltype(std::declval<R&>()[0])>;
template <class R>
using MaskReg = IntReg<std::conditional_t<sizeof(Element<R>) == 4, float, double>>;

// Comparisons give a mask of the lanes' integer type; every one of them is false on a NaN but !=.
#define KUDARI_COMPARE(op)                                                                         \
    template <class R, int N>                                                                      \
    KUDARI_INLINE Pack<MaskReg<R>, N> operator op(const Pack<R, N>& a, const Pack<R, N>& b) {      \
        return each([](R x, R y) __attribute__((always_inline)) { return MaskReg<R>(x op y); }, a, \
                    b);                                                                            \
    }
KUDARI_COMPARE(<)
KUDARI_COMPARE(<=)
KUDARI_COMPARE(>)
KUDARI_COMPARE(>=)
KUDARI_COMPARE(==)
KUDARI_COMPARE(!=)
#undef KUDARI_COMPARE

template <class M, class R, int N>
KUDARI_INLINE Pack<R, N> select(const Pack<M, N>& mask, const Pack<R, N>& yes,
                                const Pack<R, N>& no) {
    return each([](M m, R x, R y) __attribute__((always_inline)) { return R(m ? x : y); }, mask,
                yes, no);
}

// a*b + c, rounded once.
template <class R, int N>
KUDARI_INLINE Pack<R, N> fma(const Pack<R, N>& a, const Pack<R, N>& b, const Pack<R, N>& c) {
    return each([](R x, R y, R z)
                    __attribute__((always_inline)) { return R(RegOps<Element<R>>::fma(x, y, z)); },
                a, b, c);
}

template <class R, int N> KUDARI_INLINE Pack<R, N> square_root(const Pack<R, N>& a) {
    return each(
        [](R x) __attribute__((always_inline)) { return R(RegOps<Element<R>>::square_root(x)); },
        a);
}

template <class T> KUDARI_INLINE Vec<T> set(T x) { return broadcast_pack<Vec<T>>(x); }
template <class T> KUDARI_INLINE IntVec<T> set_int(Int<T> x) {
    return broadcast_pack<IntVec<T>>(x);
}

// ---- bits ---------------------------------------------------------------------------------------

// Register by register: g++ would take a bit_cast of the whole pack through memory.
template <class T> KUDARI_INLINE IntVec<T> bits(const Vec<T>& a) {
    return each([](Reg<T> x) __attribute__((always_inline)) { return IntReg<T>(x); }, a);
}
template <class T> KUDARI_INLINE Vec<T> from_bits(const IntVec<T>& a) {
    return each([](IntReg<T> x) __attribute__((always_inline)) { return Reg<T>(x); }, a);
}

template <class T> inline constexpr Int<T> kSignBit = Int<T>(Int<T>(1) << (sizeof(T) * 8 - 2)) * -2;

template <class R, int N> KUDARI_INLINE Pack<R, N> absolute(const Pack<R, N>& a) {
    using I = MaskReg<R>;
    constexpr auto magnitude = ~kSignBit<Element<R>>;
    return each([](R x) __attribute__((always_inline)) { return R(I(x) & magnitude); }, a);
}
template <class R, int N> KUDARI_INLINE Pack<R, N> negate(const Pack<R, N>& a) {
    using I = MaskReg<R>;
    constexpr auto sign = kSignBit<Element<R>>;
    return each([](R x) __attribute__((always_inline)) { return R(I(x) ^ sign); }, a);
}

// b where it is larger (smaller) than a, else a: a NaN in either gives a.
template <class R, int N>
KUDARI_INLINE Pack<R, N> larger(const Pack<R, N>& a, const Pack<R, N>& b) {
    return each([](R x, R y)
                    __attribute__((always_inline)) { return R(RegOps<Element<R>>::larger(x, y)); },
                a, b);
}
template <class R, int N>
KUDARI_INLINE Pack<R, N> smaller(const Pack<R, N>& a, const Pack<R, N>& b) {
    return each([](R x, R y)
                    __attribute__((always_inline)) { return R(RegOps<Element<R>>::smaller(x, y)); },
                a, b);
}

// A mask of the first n lanes.
template <class T> KUDARI_INLINE IntVec<T> first_lanes(int n) {
    static constexpr Int<T> index[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return load_pack<IntVec<T>>(index) < set_int<T>(Int<T>(n));
}

template <class R, int N> KUDARI_INLINE Element<R> first_lane(const Pack<R, N>& a) {
    if constexpr (N == 1)
        return a.reg[0];
    else
        return first_lane(a.lo);
}

// ---- across lanes: one fixed tree, lane i with lane i + half, half = 8, 4, 2, 1
// --------------------

template <int Shift, class R, std::size_t... I>
KUDARI_INLINE R rotate(R a, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, a, ((I + Shift) % sizeof...(I))...);
}

template <int Half, class F, class R> KUDARI_INLINE Element<R> close_register(F f, R a) {
    if constexpr (Half == 0) {
        return a[0];
    } else {
        using Lanes = std::make_index_sequence<sizeof(R) / sizeof(Element<R>)>;
        R moved = rotate<Half>(a, Lanes{});
        return close_register<Half / 2>(f, f(Pack<R, 1>{a}, Pack<R, 1>{moved}).reg);
    }
}

template <class F, class R, int N> KUDARI_INLINE Element<R> close(F f, const Pack<R, N>& a) {
    if constexpr (N == 1)
        return close_register<int(sizeof(R) / sizeof(Element<R>)) / 2>(f, a.reg);
    else
        return close(f, f(a.lo, a.hi));
}

template <class R, int N> KUDARI_INLINE Element<R> sum_lanes(const Pack<R, N>& a) {
    return close([](const auto& x, const auto& y) __attribute__((always_inline)) { return x + y; },
                 a);
}

// The largest lane; NaN lanes may be passed over.
template <class R, int N> KUDARI_INLINE Element<R> max_lanes(const Pack<R, N>& a) {
    return close([](const auto& x, const auto& y)
                     __attribute__((always_inline)) { return larger(x, y); },
                 a);
}

} // namespace kudari::KUDARI_ISA
