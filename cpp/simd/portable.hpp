// Register operations from GNU vector types alone: what any target can do, one lane at a time where
// it must. fma is a library call on x86-64 without FMA3: exact, and slow.
#pragma once

#include "simd/pack.hpp"

namespace kudari::KUDARI_ISA {

KUDARI_INLINE float fma_lane(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KUDARI_INLINE double fma_lane(double a, double b, double c) { return __builtin_fma(a, b, c); }
KUDARI_INLINE float sqrt_lane(float a) { return __builtin_sqrtf(a); }
KUDARI_INLINE double sqrt_lane(double a) { return __builtin_sqrt(a); }

template <class T> struct PortableOps {
    static KUDARI_INLINE Reg<T> fma(Reg<T> a, Reg<T> b, Reg<T> c) {
        Reg<T> out{};
        for (int i = 0; i < kRegLanes<T>; ++i) out[i] = fma_lane(a[i], b[i], c[i]);
        return out;
    }
    static KUDARI_INLINE Reg<T> square_root(Reg<T> a) {
        Reg<T> out{};
        for (int i = 0; i < kRegLanes<T>; ++i) out[i] = sqrt_lane(a[i]);
        return out;
    }
    static KUDARI_INLINE Reg<T> larger(Reg<T> a, Reg<T> b) { return b > a ? b : a; }
    static KUDARI_INLINE Reg<T> smaller(Reg<T> a, Reg<T> b) { return b < a ? b : a; }
    static KUDARI_INLINE auto multiply_halves(auto a, auto b) {
        for (int i = 0; i < kRegLanes<T>; ++i)
            a[i] = std::uint64_t(std::uint32_t(a[i])) * std::uint32_t(b[i]);
        return a;
    }
    static KUDARI_INLINE Reg<T> load_some(const T* p, int n) {
        Reg<T> out{};
        for (int i = 0; i < kRegLanes<T>; ++i)
            if (i < n) out[i] = p[i];
        return out;
    }
    static KUDARI_INLINE void store_some(T* p, Reg<T> a, int n) {
        for (int i = 0; i < kRegLanes<T>; ++i)
            if (i < n) p[i] = a[i];
    }
};

} // namespace kudari::KUDARI_ISA
