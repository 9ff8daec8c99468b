// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC11). A value is a function of the seed and of what it is for,
// never of who draws it or when.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kudari {

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53, kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxKeyStep0 = 0x9E3779B9, kPhiloxKeyStep1 = 0xBB67AE85;

struct PhiloxBlock {
    std::uint32_t word[4];
};

inline PhiloxBlock philox(std::uint64_t seed, PhiloxBlock counter) {
    std::uint32_t key0 = std::uint32_t(seed), key1 = std::uint32_t(seed >> 32);
    auto& c = counter.word;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{kPhiloxMultiplier0} * c[0];
        const std::uint64_t b = std::uint64_t{kPhiloxMultiplier1} * c[2];
        const PhiloxBlock next{{std::uint32_t(b >> 32) ^ c[1] ^ key0, std::uint32_t(b),
                                std::uint32_t(a >> 32) ^ c[3] ^ key1, std::uint32_t(a)}};
        counter = next;
        key0 += kPhiloxKeyStep0;
        key1 += kPhiloxKeyStep1;
    }
    return counter;
}

// What a stream of numbers is for: the last word of its counters.
enum class Draw : std::uint32_t { uniform = 1, permutation = 2, dropout = 3 };

__attribute__((always_inline)) inline std::uint32_t philox_purpose(Draw purpose,
                                                                   std::uint32_t stream) {
    return (std::uint32_t(purpose) << 24) ^ stream;
}

inline PhiloxBlock philox(std::uint64_t seed, Draw purpose, std::uint32_t stream,
                          std::uint64_t number, std::uint32_t block) {
    return philox(seed, {{block, std::uint32_t(number), std::uint32_t(number >> 32),
                          philox_purpose(purpose, stream)}});
}

// A uniformly chosen order of 0 .. n-1 (Fisher and Yates), one for each epoch of a seed.
inline void permutation(std::uint64_t seed, std::uint64_t epoch, std::int64_t* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = std::int64_t(i);
    for (std::size_t i = n; i > 1; --i) {
        const PhiloxBlock b = philox(seed, Draw::permutation, std::uint32_t((i >> 32) & 0xff),
                                     epoch, std::uint32_t(i));
        const std::uint64_t bits = std::uint64_t{b.word[0]} << 32 | b.word[1];
        const auto j = std::size_t((static_cast<unsigned __int128>(bits) * i) >> 64);
        const std::int64_t swapped = out[i - 1];
        out[i - 1] = out[j];
        out[j] = swapped;
    }
}

} // namespace kudari
