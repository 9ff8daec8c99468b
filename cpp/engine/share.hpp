// How work is divided among threads.
#pragma once

#include <algorithm>
#include <cstddef>

namespace kudari {

// Items [first, end).
struct Share {
    std::size_t first, end;
};

// The share of thread `rank` of `threads` in `count` items, handed out `grain` at a time.
inline Share share_of(std::size_t count, std::size_t grain, int rank, int threads) {
    const std::size_t grains = (count + grain - 1) / grain;
    const auto at = [&](int r) {
        return std::min(count, grains * std::size_t(r) / std::size_t(threads) * grain);
    };
    return {at(rank), at(rank + 1)};
}

} // namespace kudari
