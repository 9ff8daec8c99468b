// exp, log, log1p and tanh on logical vectors, from + - * / fma and bit operations alone: the same
// operations, and so the same bits, on every instruction set. No branches, no tables.
//
// Lane types: float and double. Each takes every value there is, subnormal numbers, infinities and
// NaN included, and gives subnormal results where they are due. The largest errors stated are in
// units in the last place (ULP) of the exact result: in float over all 2^32 arguments, in double
// over random ones and the hard ranges. Every constant comes from docs/derive_coefficients.py;
// tests/ulp_sweep.py prints the errors.
#pragma once

#include "simd/vector.hpp"

namespace kudari::KUDARI_ISA {

namespace math {

template <class P> using Lane = Element<typename Leaf<P>::type>;

// Bit patterns, unsigned: sums wrap, and right shifts bring in zeros.
template <class T> struct BitsOf;
template <> struct BitsOf<float> {
    typedef std::uint32_t lane;
    typedef std::uint32_t reg __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
};
template <> struct BitsOf<double> {
    typedef std::uint64_t lane;
    typedef std::uint64_t reg __attribute__((vector_size(KUDARI_REGISTER_BYTES)));
};
template <class P> using BitsLane = typename BitsOf<Lane<P>>::lane;
template <class P> using BitsReg = typename BitsOf<Lane<P>>::reg;
template <class P> using Bits = Pack<BitsReg<P>, sizeof(P) / KUDARI_REGISTER_BYTES>;

// kShift is 1.5 * 2^(mantissa bits): x + kShift is x rounded to an integer, which then stands in
// the low bits of the sum.
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
    static constexpr float kExp[] = {0x1.6a525p-10f, 0x1.12396ep-7f, 0x1.5558aap-5f, 0x1.555492p-3f,
                                     0x1.fffffcp-2f};
    static constexpr float kLog[] = {-0x1.381392p-4f, 0x1.087506p-3f,  -0x1.0f520ap-3f,
                                     0x1.226c84p-3f,  -0x1.5423e8p-3f, 0x1.99a41cp-3f,
                                     -0x1.000438p-2f, 0x1.55555p-2f,   -0x1.fffff8p-2f};
    static constexpr float kTanh[] = {-0x1.828774p-8f, 0x1.54c3c2p-6f, -0x1.b89abap-5f,
                                      0x1.1109bep-3f, -0x1.55553ep-2f};
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
        0x1.a01a013810bbap-13, 0x1.6c16c1843929ap-10, 0x1.111111112470ap-7,  0x1.555555555079dp-5,
        0x1.555555555550cp-3,  0x1.000000000000ap-1};
    static constexpr double kLog[] = {
        0x1.2f024d1ac35cfp-3, 0x1.39a20c138e1b2p-3, 0x1.74663b9f19a53p-3, 0x1.c71c521a2cbd9p-3,
        0x1.24924941db342p-2, 0x1.999999997ff64p-2, 0x1.5555555555592p-1};
    static constexpr double kTanh[] = {
        -0x1.203ab056a7699p-16, 0x1.4cad172432a19p-14, -0x1.e32e69b499d65p-13,
        0x1.33db3ab9aeed6p-11,  -0x1.7d79df18f7e2p-10, 0x1.d6d0c6b5d5f51p-9,
        -0x1.226e22979c304p-7,  0x1.664f47f04a2efp-6,  -0x1.ba1ba1b781f38p-5,
        0x1.111111110e1d3p-3,   -0x1.555555555553p-2};
};

template <class P> KUDARI_INLINE P constant(Lane<P> x) { return broadcast_pack<P>(x); }
template <class P> KUDARI_INLINE Bits<P> bits_constant(BitsLane<P> x) {
    return broadcast_pack<Bits<P>>(x);
}

template <class P> KUDARI_INLINE Bits<P> sign_bit() {
    return bits_constant<P>(BitsLane<P>(1) << (8 * sizeof(Lane<P>) - 1));
}

// Register by register: g++ would take a bit_cast of the whole pack through memory.
template <class R, int N> KUDARI_INLINE Bits<Pack<R, N>> to_bits(const Pack<R, N>& a) {
    using B = BitsReg<Pack<R, N>>;
    return each([](R x) __attribute__((always_inline)) { return B(x); }, a);
}
template <class P> KUDARI_INLINE P to_lanes(const Bits<P>& a) {
    using R = typename Leaf<P>::type;
    using B = BitsReg<P>;
    return each([](B x) __attribute__((always_inline)) { return R(x); }, a);
}

// The polynomial with `coefficients`, highest power first.
template <class P, std::size_t Count>
KUDARI_INLINE P horner(const Lane<P> (&coefficients)[Count], const P& x) {
    P sum = constant<P>(coefficients[0]);
    for (std::size_t i = 1; i < Count; ++i) sum = fma(sum, x, constant<P>(coefficients[i]));
    return sum;
}

// exp(x) = 2^n exp(x - n ln 2). First x log2(e) + kShift + Offset, which rounds the quotient and so
// holds n + Offset in its low bits.
template <int Offset, class P> KUDARI_INLINE P exp_shifted(const P& x) {
    using C = Constants<Lane<P>>;
    return fma(x, constant<P>(C::kLog2E), constant<P>(C::kShift + Offset));
}

// exp(x - n ln 2), about sqrt(1/2) to sqrt(2).
template <int Offset, class P> KUDARI_INLINE P exp_of_rest(const P& x, const P& shifted) {
    using C = Constants<Lane<P>>;
    const P n = shifted - constant<P>(C::kShift + Offset);
    const P near = fma(n, constant<P>(-C::kLn2Short), x); // exact
    const P rest = fma(n, constant<P>(-C::kLn2Rest), near);
    const P one = constant<P>(1);
    return fma(fma(rest, horner(C::kExp, rest), one), rest, one);
}

// A positive normal x is 2^n m with sqrt(1/2) <= m < sqrt(2). The bits of x, raised so that their
// exponent field is n + kBias and their mantissa field counts from sqrt(1/2). Any other x gives
// rubbish, and no trap.
template <class P> KUDARI_INLINE Bits<P> log_raised(const P& x) {
    using C = Constants<Lane<P>>;
    using B = BitsLane<P>;
    constexpr B one = B(C::kBias) << C::kMantissaBits;
    return to_bits(x) + bits_constant<P>(one - __builtin_bit_cast(B, C::kSqrtHalf));
}

template <class P> KUDARI_INLINE Bits<P> log_biased(const Bits<P>& raised) {
    return raised >> bits_constant<P>(Constants<Lane<P>>::kMantissaBits);
}

// m - 1, exactly.
template <class P> KUDARI_INLINE P log_fraction(const Bits<P>& raised) {
    using C = Constants<Lane<P>>;
    using B = BitsLane<P>;
    constexpr B mantissa = (B(1) << C::kMantissaBits) - 1;
    const Bits<P> m = (raised & bits_constant<P>(mantissa)) +
                      bits_constant<P>(__builtin_bit_cast(B, C::kSqrtHalf));
    return to_lanes<P>(m) - constant<P>(1);
}

// kShift + a small integer.
template <class P> KUDARI_INLINE P shifted_number(const Bits<P>& integer) {
    constexpr auto shift = __builtin_bit_cast(BitsLane<P>, Constants<Lane<P>>::kShift);
    return to_lanes<P>(integer | bits_constant<P>(shift));
}

// log(1 + f) - f for sqrt(1/2) <= 1 + f <= sqrt(2). In double a polynomial in f would be long; the
// odd one in s = f / (2 + f) is not.
template <class P> KUDARI_INLINE P log_tail(const P& f) {
    using C = Constants<Lane<P>>;
    if constexpr (sizeof(Lane<P>) == 4) {
        return f * f * horner(C::kLog, f);
    } else {
        const P s = f / (f + constant<P>(2));
        const P z = s * s;
        const P half_square = constant<P>(0.5) * f * f;
        return s * fma(z, horner(C::kLog, z), half_square) - half_square;
    }
}

// n ln 2 + f + tail.
template <class P> KUDARI_INLINE P join_log(const P& n, const P& f, const P& tail) {
    using C = Constants<Lane<P>>;
    const P small = f + fma(n, constant<P>(C::kLn2Low), tail);
    return fma(n, constant<P>(C::kLn2High), small);
}

// `value`, the logarithm of x, where 0 < x < infinity; elsewhere the limits, and NaN below 0.
template <class P> KUDARI_INLINE P close_log(const P& x, const P& value) {
    using C = Constants<Lane<P>>;
    const P zero = constant<P>(0), infinity = constant<P>(C::kInfinity);
    const P low = select(x == zero, constant<P>(-C::kInfinity), constant<P>(C::kNaN));
    return select(x > zero, select(x < infinity, value, x), low);
}

// exp(x) for kExpLowest <= x <= kExpHighest, and NaN. 2^n in two factors: neither leaves the normal
// range, and the last product rounds once.
template <class P> KUDARI_INLINE P exp_of_bounded(const P& x) {
    using C = Constants<Lane<P>>;
    const P shifted = exp_shifted<2 * C::kBias>(x);
    const P power = exp_of_rest<2 * C::kBias>(x, shifted);
    constexpr auto exponent = ~((BitsLane<P>(1) << C::kMantissaBits) - 1);
    const Bits<P> whole = to_bits(shifted) << bits_constant<P>(C::kMantissaBits);
    const Bits<P> half =
        (to_bits(shifted) << bits_constant<P>(C::kMantissaBits - 1)) & bits_constant<P>(exponent);
    return power * to_lanes<P>(half) * to_lanes<P>(whole - half);
}

} // namespace math

// e^x; 0 below the smallest subnormal number, infinity above the largest number.
// Largest error: float 0.90 ULP, double 0.91 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> exp(const Pack<R, N>& x) {
    using namespace math;
    using P = Pack<R, N>;
    using C = Constants<Lane<P>>;
    return exp_of_bounded(
        smaller(larger(x, constant<P>(C::kExpLowest)), constant<P>(C::kExpHighest)));
}

// The same for x <= 0 or NaN, a step shorter.
template <class P> KUDARI_INLINE P exp_of_negative(const P& x) {
    using namespace math;
    return exp_of_bounded(larger(x, constant<P>(Constants<Lane<P>>::kExpLowest)));
}

// The natural logarithm: -infinity at 0, NaN below.
// Largest error: float 0.89 ULP, double 0.94 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> log(const Pack<R, N>& x) {
    using namespace math;
    using P = Pack<R, N>;
    using C = Constants<Lane<P>>;
    constexpr int raise = C::kMantissaBits + 1; // brings a subnormal number into the normal range
    constexpr Lane<P> factor = BitsLane<P>(1) << raise, offset = C::kShift + C::kBias;
    const auto tiny = x < constant<P>(C::kMinNormal);
    const Bits<P> raised = log_raised(select(tiny, x * constant<P>(factor), x));
    const P n = shifted_number<P>(log_biased<P>(raised)) -
                select(tiny, constant<P>(offset + raise), constant<P>(offset));
    const P f = log_fraction<P>(raised);
    return close_log(x, join_log(n, f, log_tail(f)));
}

// log(1 + x), as exact near 0 as elsewhere: -infinity at -1, NaN below.
// Largest error: float 1.02 ULP, double 0.93 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> log1p(const Pack<R, N>& x) {
    using namespace math;
    using P = Pack<R, N>;
    using C = Constants<Lane<P>>;
    const P one = constant<P>(1);
    const P u = one + x;
    const P lost = smaller(x, one) - (u - larger(x, one)); // 1 + x - u, exactly
    const Bits<P> raised = log_raised(u), biased = log_biased<P>(raised);
    // lost / 2^n: by 4 / 2^n and then a quarter, since n may be kBias + 1.
    const Bits<P> scale = (bits_constant<P>(2 * C::kBias + 2) - biased)
                          << bits_constant<P>(C::kMantissaBits);
    const P rest = lost * to_lanes<P>(scale) * constant<P>(0.25);
    const P head = log_fraction<P>(raised);
    const P f = head + rest;
    const P f_low = rest - (f - head);
    const P n = shifted_number<P>(biased) - constant<P>(C::kShift + C::kBias);
    const P value = close_log(u, join_log(n, f, log_tail(f) + f_low));
    const Bits<P> sign = to_bits(x) & sign_bit<P>(); // so that -0 gives -0
    return to_lanes<P>(to_bits(value) | sign);
}

// log1p(x) for 0 <= x <= 1 or NaN: 1 + x is 2^n m with n 0 or 1, and the same bits come of it.
template <class P> KUDARI_INLINE P log1p_of_unit(const P& x) {
    using namespace math;
    using C = Constants<Lane<P>>;
    const P one = constant<P>(1), half = constant<P>(0.5);
    const P u = one + x;
    const P lost = x - (u - one);
    const auto upper = u >= constant<P>(2 * C::kSqrtHalf);
    const P rest = select(upper, lost * half, lost);
    const P head = select(upper, u * half, u) - one;
    const P f = head + rest;
    const P f_low = rest - (f - head);
    return join_log(select(upper, one, constant<P>(0)), f, log_tail(f) + f_low);
}

// The hyperbolic tangent, odd: an odd polynomial near 0, and 1 - 2 / (exp(2|x|) + 1) beyond.
// Largest error: float 1.41 ULP, double 1.47 ULP.
template <class R, int N> KUDARI_INLINE Pack<R, N> tanh(const Pack<R, N>& x) {
    using namespace math;
    using P = Pack<R, N>;
    using C = Constants<Lane<P>>;
    const P one = constant<P>(1), two = constant<P>(2);
    const Bits<P> sign = to_bits(x) & sign_bit<P>();
    const P magnitude = to_lanes<P>(to_bits(x) ^ sign);
    const P square = magnitude * magnitude;
    const P near_zero = fma(magnitude * square, horner(C::kTanh, square), magnitude);
    const P bounded = smaller(magnitude, constant<P>(C::kTanhHighest));
    const P doubled = bounded + bounded;
    const P shifted = exp_shifted<C::kBias>(doubled);
    const P scale = to_lanes<P>(to_bits(shifted) << bits_constant<P>(C::kMantissaBits));
    const P denominator = fma(exp_of_rest<C::kBias>(doubled, shifted), scale, one);
    const P beyond = one - two / denominator;
    const auto small = magnitude < constant<P>(C::kTanhSmall);
    return to_lanes<P>(to_bits(select(small, near_zero, beyond)) | sign);
}

} // namespace kudari::KUDARI_ISA
