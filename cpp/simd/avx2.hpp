// AVX2 with FMA3: 32-byte registers.
#pragma once

#include <immintrin.h>

#define KUDARI_ISA avx2
#define KUDARI_REGISTER_BYTES 32
#define KUDARI_TILE_ROWS 6
#define KUDARI_TILE_VECTORS 1
#include "simd/pack.hpp"

namespace kudari::avx2 {

template <class T> struct RegOps;

template <> struct RegOps<float> {
    // The instruction gives its second operand unless the first is larger (smaller).
    static KUDARI_INLINE __m256 larger(__m256 a, __m256 b) { return _mm256_max_ps(b, a); }
    static KUDARI_INLINE __m256 smaller(__m256 a, __m256 b) { return _mm256_min_ps(b, a); }
    static KUDARI_INLINE __m256i first(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static KUDARI_INLINE __m256 fma(__m256 a, __m256 b, __m256 c) {
        return _mm256_fmadd_ps(a, b, c);
    }
    static KUDARI_INLINE __m256 square_root(__m256 a) { return _mm256_sqrt_ps(a); }
    static KUDARI_INLINE __m256 load_some(const float* p, int n) {
        return _mm256_maskload_ps(p, first(n));
    }
    static KUDARI_INLINE void store_some(float* p, __m256 a, int n) {
        _mm256_maskstore_ps(p, first(n), a);
    }
};

template <> struct RegOps<double> {
    // The instruction gives its second operand unless the first is larger (smaller).
    static KUDARI_INLINE __m256d larger(__m256d a, __m256d b) { return _mm256_max_pd(b, a); }
    static KUDARI_INLINE __m256d smaller(__m256d a, __m256d b) { return _mm256_min_pd(b, a); }
    static KUDARI_INLINE __m256i first(int n) {
        return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
    }
    static KUDARI_INLINE __m256d fma(__m256d a, __m256d b, __m256d c) {
        return _mm256_fmadd_pd(a, b, c);
    }
    static KUDARI_INLINE __m256d square_root(__m256d a) { return _mm256_sqrt_pd(a); }
    static KUDARI_INLINE __m256i multiply_halves(auto a, auto b) {
        return _mm256_mul_epu32(__m256i(a), __m256i(b));
    }
    static KUDARI_INLINE __m256d load_some(const double* p, int n) {
        return _mm256_maskload_pd(p, first(n));
    }
    static KUDARI_INLINE void store_some(double* p, __m256d a, int n) {
        _mm256_maskstore_pd(p, first(n), a);
    }
};

} // namespace kudari::avx2

#include "simd/vector.hpp"
