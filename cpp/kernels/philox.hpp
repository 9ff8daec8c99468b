// Philox's numbers (kernels/random.hpp) for many blocks at once, and what is drawn from them.
#pragma once

#include "kernels/math.hpp"
#include "kernels/random.hpp"

namespace kudari::KUDARI_ISA {

// Sixteen blocks, a word of each in the lower half of a lane; what the upper half holds is of no
// account.
using Words = Pack<math::BitsOf<double>::reg, 2 * kRegisters>;
inline constexpr std::size_t kBlocks = 16, kWords = 4 * kBlocks;

// The products of the lower halves.
KUDARI_INLINE Words multiply_halves(const Words& a, const Words& b) {
    using R = math::BitsOf<double>::reg;
    return each([](R x, R y) __attribute__((
                    always_inline)) { return R(RegOps<double>::multiply_halves(x, y)); },
                a, b);
}

struct PhiloxStream {
    std::uint64_t seed, number;
    std::uint32_t purpose; // the last word of a counter
};

struct PhiloxBlocks {
    Words word[4];
};

KUDARI_INLINE PhiloxBlocks philox_blocks(const PhiloxStream& stream, std::uint32_t first) {
    static constexpr std::uint64_t index[kBlocks] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                     8, 9, 10, 11, 12, 13, 14, 15};
    const auto all = [](std::uint64_t x) { return broadcast_pack<Words>(x); };
    Words c0 = load_pack<Words>(index) + all(first), c1 = all(stream.number),
          c2 = all(stream.number >> 32), c3 = all(stream.purpose);
    auto key0 = std::uint32_t(stream.seed), key1 = std::uint32_t(stream.seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const Words a = multiply_halves(c0, all(kPhiloxMultiplier0));
        const Words b = multiply_halves(c2, all(kPhiloxMultiplier1));
        c0 = (b >> all(32)) ^ c1 ^ all(key0);
        c2 = (a >> all(32)) ^ c3 ^ all(key1);
        c1 = b;
        c3 = a;
        key0 += kPhiloxKeyStep0;
        key1 += kPhiloxKeyStep1;
    }
    return {{c0, c1, c2, c3}};
}

// f(word, at, count) for the words that elements first .. first + n - 1 draw: those of element
// first + at are word[0 .. Per - 1], and so on for `count` of them.
template <std::size_t Per, class F>
KUDARI_INLINE void for_each_draw(PhiloxStream stream, std::size_t first, std::size_t n, F f) {
    constexpr std::size_t elements = kWords / Per;
    std::uint64_t lane[4][kBlocks];
    std::uint32_t word[kWords];
    for (std::size_t at = 0; at < n;) {
        const std::size_t skip = (first + at) % elements, left = elements - skip;
        const std::size_t block = (first + at) / elements * kBlocks;
        const PhiloxBlocks blocks = philox_blocks(stream, std::uint32_t(block));
        for (int w = 0; w < 4; ++w) store_pack(lane[w], blocks.word[w]);
        for (std::size_t b = 0; b < kBlocks; ++b)
            for (std::size_t w = 0; w < 4; ++w) word[4 * b + w] = std::uint32_t(lane[w][b]);
        const std::size_t count = left < n - at ? left : n - at;
        f(word + skip * Per, at, count);
        at += count;
    }
}

// out[i] uniform in [0, 1), a multiple of 2^-53, for elements first .. first + n - 1.
inline void random_uniform(std::uint64_t seed, std::uint32_t stream, std::size_t first, double* out,
                           std::size_t n) {
    constexpr std::size_t turn = std::size_t(1) << 33; // so many have one number
    for (std::size_t done = 0; done < n;) {
        const std::size_t at = first + done, left = turn - at % turn;
        const std::size_t part = left < n - done ? left : n - done;
        for_each_draw<2>({seed, at / turn, philox_purpose(Draw::uniform, stream)}, at % turn, part,
                         [&](const std::uint32_t* word, std::size_t i, std::size_t count) {
                             for (std::size_t j = 0; j < count; ++j) {
                                 const std::uint64_t bits =
                                     std::uint64_t{word[2 * j]} << 32 | word[2 * j + 1];
                                 out[done + i + j] = double(std::int64_t(bits >> 11)) * 0x1p-53;
                             }
                         });
        done += part;
    }
}

// out[i] = 1 / (1 - rate) with probability 1 - rate, else 0, for elements first .. first + n - 1 of
// the batch, element = row * units + unit.
template <class T>
void dropout_mask(std::uint64_t seed, std::uint32_t stream, std::uint64_t step, double rate,
                  std::size_t first, T* out, std::size_t n) {
    const auto threshold = std::uint32_t(rate * 0x1p32); // drop below it
    const T keep = T(1) / T(1 - rate);
    for_each_draw<1>({seed, step, philox_purpose(Draw::dropout, stream)}, first, n,
                     [&](const std::uint32_t* word, std::size_t i, std::size_t count) {
                         for (std::size_t j = 0; j < count; ++j)
                             out[i + j] = word[j] < threshold ? T(0) : keep;
                     });
}

} // namespace kudari::KUDARI_ISA
