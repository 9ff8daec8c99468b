// exp, log, log1p and tanh on logical vectors, from + - * / fma and bit operations alone: the same
// operations, and so the same bits, on every instruction set. No branches, no tables.
//
// Lane types: float and double. All of them take every value there is, subnormal numbers, infinities
// and NaN included, and give subnormal results where these are due. The largest errors stated are
// in units of the last place (ULP) of the exact result: for float over all 2^32 arguments, for double
// over random ones and the hard ranges. Every constant comes from docs/derive_coefficients.py.
#pragma once

#include "simd/vector.hpp"

namespace kudari::KUDARI_ISA {

namespace math {

// kShift is 1.5 * 2^(mantissa bits): x + kShift is x rounded to an integer, which then stands in the
// low bits of the sum.
template <class T> struct Constants;

template <> struct Constants<float> {
    static constexpr int kMantissaBits = 23, kBias = 127;
    static constexpr float kShift = 0x1.8p+23f;
    static constexpr float kInfinity = __builtin_inff(), kNaN = __builtin_nanf("");
    static constexpr float kMinNormal = 0x1p-126f, kSqrtHalf = 0x1.6a09e6p-1f;
    static constexpr float kLog2E = 0x1.715476p+0f;
    static constexpr float kLn2High = 0x1.62e43p-1f, kLn2Low = -0x1.05c61p-29f;
    // Few enough bits that n * kLn2Short is exact for the n that exp meets.
    static constexpr float kLn2Short = 0x1.62e4p-1f, kLn2Rest = 0x1.7f7d1cp-20f;
    static constexpr float kExpLowest = -104.0f, kExpHighest = 89.0f;
    static constexpr float kTanhHighest = 9.125f, kTanhSmall = 0.6f;
    static constexpr float kExp[] = {
        0x1.6a525p-10f, 0x1.12396ep-7f, 0x1.5558aap-5f, 0x1.555492p-3f, 0x1.fffffcp-2f};
    static constexpr float kLog[] = {
        -0x1.381392p-4f, 0x1.087506p-3f, -0x1.0f520ap-3f, 0x1.226c84p-3f, -0x1.5423e8p-3f,
        0x1.99a41cp-3f, -0x1.000438p-2f, 0x1.55555p-2f, -0x1.fffff8p-2f};
    static constexpr float kTanh[] = {
        -0x1.828774p-8f, 0x1.54c3c2p-6f, -0x1.b89abap-5f, 0x1.1109bep-3f, -0x1.55553ep-2f};
};

template <> struct Constants<double> {
    static constexpr int kMantissaBits = 52, kBias = 1023;
    static constexpr double kShift = 0x1.8p+52;
    static constexpr double kInfinity = __builtin_inf(), kNaN = __builtin_nan("");
    static constexpr double kMinNormal = 0x1p-1022, kSqrtHalf = 0x1.6a09e667f3bcdp-1;
    static constexpr double kLog2E = 0x1.71547652b82fep+0;
    static constexpr double kLn2High = 0x1.62e42fefa39efp-1, kLn2Low = 0x1.abc9e3b39803fp-56;
    static constexpr double kLn2Short = 0x1.62e42fefa38p-1, kLn2Rest = 0x1.ef35793c7673p-45;
    static constexpr double kExpLowest = -746.0, kExpHighest = 710.0;
    static constexpr double kTanhHighest = 19.5, kTanhSmall = 0.6;
    static constexpr double kExp[] = {
        0x1.ad9f2db76b655p-26, 0x1.28ad5ef0638d8p-22, 0x1.71df0cdf8d778p-19, 0x1.a0199a0cfb7f2p-16,
        0x1.a01a013810bbap-13, 0x1.6c16c1843929ap-10, 0x1.111111112470ap-7, 0x1.555555555079dp-5,
        0x1.555555555550cp-3, 0x1.000000000000ap-1};
    static constexpr double kLog[] = {
        0x1.2f024d1ac35cfp-3, 0x1.39a20c138e1b2p-3, 0x1.74663b9f19a53p-3, 0x1.c71c521a2cbd9p-3,
        0x1.24924941db342p-2, 0x1.999999997ff64p-2, 0x1.5555555555592p-1};
    static constexpr double kTanh[] = {
        -0x1.203ab056a7699p-16, 0x1.4cad172432a19p-14, -0x1.e32e69b499d65p-13, 0x1.33db3ab9aeed6p-11,
        -0x1.7d79df18f7e2p-10, 0x1.d6d0c6b5d5f51p-9, -0x1.226e22979c304p-7, 0x1.664f47f04a2efp-6,
        -0x1.ba1ba1b781f38p-5, 0x1.111111110e1d3p-3, -0x1.555555555553p-2};
};

template <class R, int N> using Bits = Pack<IntReg<Element<R>>, N>;
template <class T> using Unsigned = std::make_unsigned_t<Int<T>>;

template <class R, int N> KUDARI_INLINE Pack<R, N> constant(Element<R> x) {
    return broadcast_pack<Pack<R, N>>(x);
}
template <class R, int N> KUDARI_INLINE Bits<R, N> int_constant(Int<Element<R>> x) {
    return broadcast_pack<Bits<R, N>>(x);
}

// Register by register: g++ would take a bit_cast of the whole pack through memory.
template <class R, int N> KUDARI_INLINE Bits<R, N> to_bits(const Pack<R, N>& a) {
    using I = IntReg<Element<R>>;
    return each([](R x) __attribute__((always_inline)) { return I(x); }, a);
}
template <class R, int N> KUDARI_INLINE Pack<R, N> to_lanes(const Bits<R, N>& a) {
    using I = IntReg<Element<R>>;
    return each([](I x) __attribute__((always_inline)) { return R(x); }, a);
}

// Shifts of the bit pattern; the right one brings in zeros (an arithmetic one is slow in AVX2 for
// 64 bits).
template <int Count, class R, int N> KUDARI_INLINE Pack<R, N> shift_left(const Pack<R, N>& a) {
    using I = IntReg<Element<R>>;
    return each([](R x) __attribute__((always_inline)) { return R(I(x) << Count); }, a);
}
template <int Count, class R, int N> KUDARI_INLINE Pack<R, N> shift_right(const Pack<R, N>& a) {
    typedef Unsigned<Element<R>> U __attribute__((vector_size(sizeof(R))));
    return each([](R x) __attribute__((always_inline)) { return R(U(x) >> Count); }, a);
}

// The polynomial with `coefficients`, highest power first.
template <class R, int N, std::size_t Count>
KUDARI_INLINE Pack<R, N> horner(const Element<R> (&coefficients)[Count], const Pack<R, N>& x) {
    Pack<R, N> sum = constant<R, N>(coefficients[0]);
    for (std::size_t i = 1; i < Count; ++i) sum = fma(sum, x, constant<R, N>(coefficients[i]));
    return sum;
}

// exp(x) = 2^n exp(rest): x log2(e) + kShift + Offset, which rounds it and so holds n + Offset in its
// low bits.
template <int Offset, class R, int N> KUDARI_INLINE Pack<R, N> exp_shifted(const Pack<R, N>& x) {
    using C = Constants<Element<R>>;
    return fma(x, constant<R, N>(C::kLog2E), constant<R, N>(C::kShift + Offset));
}

// exp(x - n ln 2), a number from sqrt(1/2) to sqrt(2).
template <int Offset, class R, int N>
KUDARI_INLINE Pack<R, N> exp_of_rest(const Pack<R, N>& x, const Pack<R, N>& shifted) {
    using C = Constants<Element<R>>;
    const Pack<R, N> n = shifted - constant<R, N>(C::kShift + Offset), one = constant<R, N>(1);
    const Pack<R, N> near = fma(n, constant<R, N>(-C::kLn2Short), x); // exact
    const Pack<R, N> rest = fma(n, constant<R, N>(-C::kLn2Rest), near);
    return fma(fma(rest, horner(C::kExp, rest), one), rest, one);
}

// A positive normal x is 2^n m with sqrt(1/2) <= m < sqrt(2). The bits of x, raised so that n + kBias
// is their exponent field and m is their mantissa field and kSqrtHalf.
template <class R, int N> KUDARI_INLINE Bits<R, N> log_raised(const Pack<R, N>& x) {
    using C = Constants<Element<R>>;
    using I = Int<Element<R>>;
    constexpr I one = I(C::kBias) << C::kMantissaBits;
    return to_bits(x) + int_constant<R, N>(one - __builtin_bit_cast(I, C::kSqrtHalf));
}

template <class R, int N> KUDARI_INLINE Pack<R, N> log_mantissa(const Bits<R, N>& raised) {
    using C = Constants<Element<R>>;
    using I = Int<Element<R>>;
    constexpr I mantissa = (I(1) << C::kMantissaBits) - 1;
    return to_lanes<R, N>((raised & int_constant<R, N>(mantissa)) +
                          int_constant<R, N>(__builtin_bit_cast(I, C::kSqrtHalf)));
}

// n + kBias, as an integer.
template <class R, int N> KUDARI_INLINE Pack<R, N> log_biased(const Bits<R, N>& raised) {
    return shift_right<Constants<Element<R>>::kMantissaBits>(to_lanes<R, N>(raised));
}

// A small positive integer, as a bit pattern, to a number, less kShift.
template <class R, int N> KUDARI_INLINE Pack<R, N> shifted_number(const Pack<R, N>& integer) {
    using T = Element<R>;
    constexpr Int<T> shift = __builtin_bit_cast(Int<T>, Constants<T>::kShift);
    return to_lanes<R, N>(to_bits(integer) | int_constant<R, N>(shift));
}

// log(1 + f) - f for sqrt(1/2) <= 1 + f <= sqrt(2). In double a polynomial in f would be long; the
// odd one in s = f / (2 + f) is not.
template <class R, int N> KUDARI_INLINE Pack<R, N> log_tail(const Pack<R, N>& f) {
    using C = Constants<Element<R>>;
    if constexpr (sizeof(Element<R>) == 4) {
        return f * f * horner(C::kLog, f);
    } else {
        const Pack<R, N> s = f / (f + constant<R, N>(2));
        const Pack<R, N> z = s * s;
        const Pack<R, N> half_square = constant<R, N>(0.5) * f * f;
        return s * fma(z, horner(C::kLog, z), half_square) - half_square;
    }
}

// n ln 2 + f + tail.
template <class R, int N>
KUDARI_INLINE Pack<R, N> join_log(const Pack<R, N>& n, const Pack<R, N>& f,
                                  const Pack<R, N>& tail) {
    using C = Constants<Element<R>>;
    const Pack<R, N> small = f + fma(n, constant<R, N>(C::kLn2Low), tail);
    return fma(n, constant<R, N>(C::kLn2High), small);
}

// `value` where 0 < x < inf; the limits, and NaN below 0, elsewhere. x is log's argument.
template <class R, int N>
KUDARI_INLINE Pack<R, N> close_log(const Pack<R, N>& x, const Pack<R, N>& value) {
    using C = Constants<Element<R>>;
    const Pack<R, N> zero = constant<R, N>(0), infinity = constant<R, N>(C::kInfinity);
    const Pack<R, N> low = select(x == zero, constant<R, N>(-C::kInfinity), constant<R, N>(C::kNaN));
    return select(x > zero, select(x < infinity, value, x), low);
}

} // namespace math

// e^x; 0 below the smallest subnormal number, infinity above the largest number.
// Largest error: float 0.87 ULP, double 0.87 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> exp(const Pack<R, N>& x) {
    using namespace math;
    using C = Constants<Element<R>>;
    using I = Int<Element<R>>;
    const Pack<R, N> bounded =
        smaller(larger(x, constant<R, N>(C::kExpLowest)), constant<R, N>(C::kExpHighest));
    const Pack<R, N> shifted = exp_shifted<2 * C::kBias>(bounded);
    const Pack<R, N> power = exp_of_rest<2 * C::kBias>(bounded, shifted);
    // 2^n in two factors, so that neither leaves the normal range and the last one rounds once.
    constexpr I exponent = ~((I(1) << C::kMantissaBits) - 1);
    const Bits<R, N> whole = to_bits(shift_left<C::kMantissaBits>(shifted));
    const Bits<R, N> half =
        to_bits(shift_left<C::kMantissaBits - 1>(shifted)) & int_constant<R, N>(exponent);
    return power * to_lanes<R, N>(half) * to_lanes<R, N>(whole - half);
}

// The natural logarithm: -infinity at 0, NaN below.
// Largest error: float 0.85 ULP, double 0.87 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> log(const Pack<R, N>& x) {
    using namespace math;
    using T = Element<R>;
    using C = Constants<T>;
    constexpr int raise = C::kMantissaBits + 1; // brings a subnormal number into the normal range
    constexpr T offset = C::kShift + C::kBias;
    const auto tiny = x < constant<R, N>(C::kMinNormal);
    const Bits<R, N> raised = log_raised(select(tiny, x * constant<R, N>(T(Int<T>(1) << raise)), x));
    const Pack<R, N> n = shifted_number(log_biased<R, N>(raised)) -
                         select(tiny, constant<R, N>(offset + raise), constant<R, N>(offset));
    const Pack<R, N> f = log_mantissa<R, N>(raised) - constant<R, N>(1);
    return close_log(x, join_log(n, f, log_tail(f)));
}

// log(1 + x), as exact near 0 as elsewhere: -infinity at -1, NaN below.
// Largest error: float 0.85 ULP, double 0.87 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> log1p(const Pack<R, N>& x) {
    using namespace math;
    using T = Element<R>;
    using C = Constants<T>;
    const Pack<R, N> one = constant<R, N>(1);
    const Pack<R, N> u = one + x;
    const Pack<R, N> lost = smaller(x, one) - (u - larger(x, one)); // 1 + x - u, exactly
    const Bits<R, N> raised = log_raised(u);
    const Pack<R, N> biased = log_biased<R, N>(raised);
    // lost / 2^n: by 4 / 2^n and then a quarter, since n may be kBias + 1.
    const Bits<R, N> quadruple = int_constant<R, N>(2 * C::kBias + 2) - to_bits(biased);
    const Pack<R, N> scale = shift_left<C::kMantissaBits>(to_lanes<R, N>(quadruple));
    const Pack<R, N> rest = lost * scale * constant<R, N>(T(0.25));
    const Pack<R, N> head = log_mantissa<R, N>(raised) - one;
    const Pack<R, N> f = head + rest;
    const Pack<R, N> f_low = rest - (f - head);
    const Pack<R, N> n = shifted_number(biased) - constant<R, N>(C::kShift + C::kBias);
    const Pack<R, N> value = close_log(u, join_log(n, f, log_tail(f) + f_low));
    const Bits<R, N> sign = to_bits(x) & int_constant<R, N>(kSignBit<T>); // so that -0 gives -0
    return to_lanes<R, N>(to_bits(value) | sign);
}

// The hyperbolic tangent, odd: an odd polynomial near 0, and 1 - 2 / (exp(2|x|) + 1) beyond.
// Largest error: float 1.37 ULP, double 1.40 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> tanh(const Pack<R, N>& x) {
    using namespace math;
    using C = Constants<Element<R>>;
    const Pack<R, N> one = constant<R, N>(1), two = constant<R, N>(2);
    const Bits<R, N> sign = to_bits(x) & int_constant<R, N>(kSignBit<Element<R>>);
    const Pack<R, N> magnitude = to_lanes<R, N>(to_bits(x) ^ sign);
    const Pack<R, N> square = magnitude * magnitude;
    const Pack<R, N> near_zero = fma(magnitude * square, horner(C::kTanh, square), magnitude);
    const Pack<R, N> bounded = smaller(magnitude, constant<R, N>(C::kTanhHighest));
    const Pack<R, N> doubled = bounded + bounded;
    const Pack<R, N> shifted = exp_shifted<C::kBias>(doubled);
    const Pack<R, N> scale = shift_left<C::kMantissaBits>(shifted);
    const Pack<R, N> denominator = fma(exp_of_rest<C::kBias>(doubled, shifted), scale, one);
    const Pack<R, N> beyond = one - two / denominator;
    const auto small = magnitude < constant<R, N>(C::kTanhSmall);
    return to_lanes<R, N>(to_bits(select(small, near_zero, beyond)) | sign);
}

} // namespace kudari::KUDARI_ISA
