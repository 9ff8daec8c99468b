#include "engine/pace.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

namespace kudari {

namespace {

// Multiplications a thread: below the first a second thread has nothing to win, above the last it
// always wins.
constexpr std::size_t kTooLittle = 30'000, kEnough = 30'000'000;
// A run lasts about so long, but for a few steps at least: the first ones of a way find the weights
// in another thread's cache.
constexpr double kRunSeconds = 100e-6;
constexpr std::size_t kFewSteps = 3, kManySteps = 24;
// After how many times the time that trying took it is tried again: soon at first, when a busy
// moment of the machine may have misled it, and then ever later.
constexpr double kSoon = 10, kLate = 200;

std::atomic<int> held{-1};

} // namespace

void hold_to(std::optional<bool> by_layers) { held.store(by_layers ? int(*by_layers) : -1); }

Pace::Pace(std::size_t multiplications, int threads) {
    const std::size_t each = multiplications / std::size_t(std::max(1, threads));
    if (threads == 1 || each < kEnough) {
        ways_.push_back({1, false});
        ways_.push_back({1, true});
    }
    if (threads > 1 && each >= kTooLittle) {
        ways_.push_back({threads, false});
        ways_.push_back({threads, true});
    }
    const int only = held.load();
    if (only >= 0) std::erase_if(ways_, [&](const Way& way) { return int(way.by_layers) != only; });
    patience_ = kSoon;
    try_again();
}

int Pace::most_threads() const {
    int most = 1;
    for (const Way& way : ways_) most = std::max(most, way.threads);
    return most;
}

void Pace::try_again() {
    seconds_.assign(ways_.size(), std::numeric_limits<double>::infinity());
    run_ = 0;
    tried_ = went_on_ = 0;
}

std::size_t Pace::steps() const {
    if (!trying()) return std::numeric_limits<std::size_t>::max();
    const double least = *std::min_element(seconds_.begin(), seconds_.end());
    const double fit = kRunSeconds / least; // 0 as long as nothing is known
    return fit > kManySteps ? kManySteps : std::max(kFewSteps, std::size_t(fit));
}

void Pace::record(std::size_t steps, double seconds) {
    if (steps == 0) return;
    if (!trying()) {
        went_on_ += seconds;
        if (went_on_ < tried_ * patience_) return;
        patience_ = std::min(2 * patience_, kLate);
        try_again();
        return;
    }
    double& least = seconds_[run_ % ways_.size()];
    least = std::min(least, seconds / double(steps));
    tried_ += seconds;
    ++run_;
    if (!trying())
        best_ = std::size_t(std::min_element(seconds_.begin(), seconds_.end()) - seconds_.begin());
}

} // namespace kudari
