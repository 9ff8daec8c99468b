// AVX-512 F, DQ, BW and VL: 64-byte registers, one to a logical vector.
#pragma once

#include <immintrin.h>

#define KUDARI_ISA avx512
#define KUDARI_REGISTER_BYTES 64
#define KUDARI_TILE_ROWS 8
#define KUDARI_TILE_VECTORS 2
#include "simd/pack.hpp"

namespace kudari::avx512 {

template <class T> struct RegOps;

template <> struct RegOps<float> {
    // The instruction gives its second operand unless the first is larger (smaller).
    static KUDARI_INLINE __m512 larger(__m512 a, __m512 b) {
        return _mm512_mask_max_ps(b, __mmask16(-1), b, a);
    }
    static KUDARI_INLINE __m512 smaller(__m512 a, __m512 b) {
        return _mm512_mask_min_ps(b, __mmask16(-1), b, a);
    }
    static KUDARI_INLINE __mmask16 first(int n) {
        return __mmask16((1u << (n > 16 ? 16 : n < 0 ? 0 : n)) - 1u);
    }
    static KUDARI_INLINE __m512 fma(__m512 a, __m512 b, __m512 c) {
        return _mm512_fmadd_ps(a, b, c);
    }
    static KUDARI_INLINE __m512 square_root(__m512 a) {
        return _mm512_mask_sqrt_ps(a, __mmask16(-1), a);
    }
    static KUDARI_INLINE __m512 load_some(const float* p, int n) {
        return _mm512_maskz_loadu_ps(first(n), p);
    }
    static KUDARI_INLINE void store_some(float* p, __m512 a, int n) {
        _mm512_mask_storeu_ps(p, first(n), a);
    }
};

template <> struct RegOps<double> {
    // The instruction gives its second operand unless the first is larger (smaller).
    static KUDARI_INLINE __m512d larger(__m512d a, __m512d b) {
        return _mm512_mask_max_pd(b, __mmask8(-1), b, a);
    }
    static KUDARI_INLINE __m512d smaller(__m512d a, __m512d b) {
        return _mm512_mask_min_pd(b, __mmask8(-1), b, a);
    }
    static KUDARI_INLINE __mmask8 first(int n) {
        return __mmask8((1u << (n > 8 ? 8 : n < 0 ? 0 : n)) - 1u);
    }
    static KUDARI_INLINE __m512d fma(__m512d a, __m512d b, __m512d c) {
        return _mm512_fmadd_pd(a, b, c);
    }
    static KUDARI_INLINE __m512d square_root(__m512d a) {
        return _mm512_mask_sqrt_pd(a, __mmask8(-1), a);
    }
    static KUDARI_INLINE __m512i multiply_halves(auto a, auto b) {
        return _mm512_mask_mul_epu32(__m512i(a), __mmask8(-1), __m512i(a), __m512i(b));
    }
    static KUDARI_INLINE __m512d load_some(const double* p, int n) {
        return _mm512_maskz_loadu_pd(first(n), p);
    }
    static KUDARI_INLINE void store_some(double* p, __m512d a, int n) {
        _mm512_mask_storeu_pd(p, first(n), a);
    }
};

} // namespace kudari::avx512

#include "simd/vector.hpp"
