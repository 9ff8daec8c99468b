// Work on many items, none of which depends on another, shared by the team of threads. The bits do
// not depend on who does what.
#pragma once

#include <algorithm>
#include <atomic>

#include "engine/share.hpp"
#include "engine/team.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

// So many items, handed out `grain` at a time; `cost` is that of an item, in values that a loop
// over arrays reads or writes.
struct Work {
    std::size_t items, grain, cost;
};

// Rows of `columns` values, cut where both the rows and their own values begin a cache line.
inline Work work_on_rows(std::size_t rows, std::size_t columns) {
    constexpr std::size_t line = 16;
    return {rows, columns < line ? line : 1, columns};
}
inline Work work_on_values(std::size_t count) { return work_on_rows(count, 1); }

// A piece below this is done before a sleeping thread is awake.
inline constexpr std::size_t kLeastPiece = 16384;
// A thread that comes late finds work left, and none waits long for another's last piece.
inline constexpr std::size_t kPiecesPerThread = 8;

// f(share) for shares that cover all of the work, on as many threads as it is worth.
template <class F> void for_each_share(Work work, const F& f) {
    const std::size_t limit = std::size_t(std::max(1, thread_limit()));
    const std::size_t most = work.items * work.cost / kLeastPiece;
    const std::size_t wanted = std::clamp<std::size_t>(most / 2, 1, limit);
    const std::size_t pieces = wanted == 1 ? 1 : std::min(most, kPiecesPerThread * wanted);
    std::atomic<std::size_t> next{0};
    run_on_team(int(wanted), [&](int, int) {
        const DefaultFloatEnvironment environment;
        for (std::size_t p; (p = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
            const Share share = share_of(work.items, work.grain, int(p), int(pieces));
            if (share.first < share.end) f(share);
        }
    });
}

} // namespace kudari
