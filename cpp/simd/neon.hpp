// AArch64 NEON: 16-byte registers, fma in hardware.
#pragma once

#include <arm_neon.h>

#define KUDARI_ISA neon
#define KUDARI_REGISTER_BYTES 16
#define KUDARI_TILE_ROWS 6
#define KUDARI_TILE_VECTORS 1
#include "simd/portable.hpp"

namespace kudari::neon {

template <class T> struct RegOps;

template <> struct RegOps<float> : PortableOps<float> {
    static KUDARI_INLINE Reg<float> fma(Reg<float> a, Reg<float> b, Reg<float> c) {
        return Reg<float>(vfmaq_f32(float32x4_t(c), float32x4_t(a), float32x4_t(b)));
    }
    static KUDARI_INLINE Reg<float> square_root(Reg<float> a) {
        return Reg<float>(vsqrtq_f32(float32x4_t(a)));
    }
};

template <> struct RegOps<double> : PortableOps<double> {
    static KUDARI_INLINE Reg<double> fma(Reg<double> a, Reg<double> b, Reg<double> c) {
        return Reg<double>(vfmaq_f64(float64x2_t(c), float64x2_t(a), float64x2_t(b)));
    }
    static KUDARI_INLINE Reg<double> square_root(Reg<double> a) {
        return Reg<double>(vsqrtq_f64(float64x2_t(a)));
    }
};

} // namespace kudari::neon

#include "simd/vector.hpp"
