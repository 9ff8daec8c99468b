// One logical vector of 16 floats or 8 doubles, the same on every instruction set: a binary tree of
// machine registers, so that the compiler keeps each leaf in a register. (A single GNU vector wider
// than the target would be passed through memory.)
//
// An instruction-set header defines KUDARI_ISA (its namespace) and KUDARI_REGISTER_BYTES, includes
// this file and, where the portable loops of portable.hpp are not enough, its own fma, square_root,
// larger, smaller, load_some and store_some for a register; vector.hpp then builds the logical
// vector on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#define KUDARI_INLINE inline __attribute__((always_inline))

namespace kudari::KUDARI_ISA {

template <class T> struct Register;
template <> struct Register<float> {
    typedef float type __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
    typedef std::int32_t int_scalar;
    typedef std::int32_t int_type __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
};
template <> struct Register<double> {
    typedef double type __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
    typedef std::int64_t int_scalar;
    typedef std::int64_t int_type __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
};
template <class T> using Reg = typename Register<T>::type;
template <class T> using IntReg = typename Register<T>::int_type;
template <class T> using Int = typename Register<T>::int_scalar;

template <class T> inline constexpr int kLanes = 64 / int(sizeof(T));
template <class T> inline constexpr int kRegLanes = KUDARI_REGISTER_BYTES / int(sizeof(T));
inline constexpr int kRegisters = 64 / KUDARI_REGISTER_BYTES;

template <class R, int N> struct Pack {
    Pack<R, N / 2> lo, hi;
};
template <class R> struct Pack<R, 1> {
    R reg;
};
template <class P> struct Leaf;
template <class R, int N> struct Leaf<Pack<R, N>> {
    using type = R;
};

template <class T> using Vec = Pack<Reg<T>, kRegisters>;
template <class T> using IntVec = Pack<IntReg<T>, kRegisters>; // also a mask: every lane 0 or -1

// `f` register by register.
template <class F, class R, int N, class... P>
KUDARI_INLINE auto each(F f, const Pack<R, N>& a, const P&... rest)
    -> Pack<decltype(f(std::declval<R>(), std::declval<typename Leaf<P>::type>()...)), N> {
    if constexpr (N == 1)
        return {f(a.reg, rest.reg...)};
    else
        return {each(f, a.lo, rest.lo...), each(f, a.hi, rest.hi...)};
}

} // namespace kudari::KUDARI_ISA
