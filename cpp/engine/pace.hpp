// How a step is best run: on how many threads, and by rows or layer by layer. The bits do not
// depend on it, and what is fastest depends on the net, on the machine and on what else runs there:
// so the ways are tried in turn, the fastest goes on, and from time to time they are tried again.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace kudari {

struct Way {
    int threads;
    bool by_layers;
};

// For tests: only this way of dividing a step from now on; nothing leaves the choice to the clock.
void hold_to(std::optional<bool> by_layers);

class Pace {
  public:
    // For steps of so many multiplications, on at most `threads` threads.
    Pace(std::size_t multiplications, int threads);

    Way way() const { return ways_[trying() ? run_ % ways_.size() : best_]; }
    // After at most so many steps it is time to look again.
    std::size_t steps() const;
    // What a run of `way()` took.
    void record(std::size_t steps, double seconds);
    int most_threads() const;

  private:
    bool trying() const { return run_ < kRounds * ways_.size(); }
    void try_again();

    static constexpr std::size_t kRounds = 3;
    std::vector<Way> ways_;
    std::vector<double> seconds_; // of a step, the least of the runs of each way
    std::size_t run_ = 0, best_ = 0;
    double tried_ = 0, went_on_ = 0; // seconds
    double patience_ = 0;
};

} // namespace kudari
