// The one way to sum over rows or elements: chunks of 4096 in the order given, element i of a chunk
// on lane i mod 16, in double; a tree over the lanes, then one over the chunks. How the elements
// arrive, in batches or at once, changes nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace kudari {

class ChunkedSum {
  public:
    static constexpr std::size_t kChunk = 4096;

    // The sum of one chunk, and that of the sums of all.
    template <class T> static double of_chunk(const T* x, std::size_t n) {
        ChunkedSum sum;
        sum.add(x, std::min(n, kChunk - 1)); // a full chunk would be put away
        if (n == kChunk) sum.lanes_[kLanes - 1] += double(x[n - 1]);
        return sum.lane_tree();
    }
    static double close(std::vector<double> sums) {
        for (std::size_t n = sums.size(); n > 1; n = (n + 1) / 2) {
            for (std::size_t i = 0; i < n / 2; ++i) sums[i] = sums[2 * i] + sums[2 * i + 1];
            if (n % 2) sums[n / 2] = sums[n - 1];
        }
        return sums.empty() ? 0.0 : sums[0];
    }

    template <class T> void add(const T* x, std::size_t n, T factor = T(1)) {
        std::size_t i = 0;
        for (; i < n && filled_ % kLanes; ++i) add_one(x[i] * factor);
        for (; i + kLanes <= n; i += kLanes) add_lanes(x + i, factor);
        for (; i < n; ++i) add_one(x[i] * factor);
    }
    // All there is to it: how far the open chunk is filled, its lanes, the sums of the chunks.
    std::vector<double> state() const {
        std::vector<double> out{double(filled_)};
        out.insert(out.end(), lanes_, lanes_ + kLanes);
        out.insert(out.end(), chunks_.begin(), chunks_.end());
        return out;
    }
    // Of a state that another sum has given; std::invalid_argument for anything else.
    void restore(const std::vector<double>& state) {
        if (state.size() < 1 + kLanes || !(state[0] >= 0 && state[0] < double(kChunk)))
            throw std::invalid_argument("expected the state of a sum");
        filled_ = std::size_t(state[0]);
        std::copy_n(state.begin() + 1, kLanes, lanes_);
        chunks_.assign(state.begin() + 1 + kLanes, state.end());
    }
    double value() const {
        std::vector<double> sums = chunks_;
        if (filled_) sums.push_back(lane_tree());
        return close(std::move(sums));
    }

  private:
    static constexpr std::size_t kLanes = 16;

    template <class T> void add_one(T value) {
        lanes_[filled_ % kLanes] += double(value);
        if (++filled_ == kChunk) close_chunk();
    }
    template <class T> void add_lanes(const T* x, T factor) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) lanes_[lane] += double(x[lane] * factor);
        filled_ += kLanes;
        if (filled_ == kChunk) close_chunk();
    }
    double lane_tree() const {
        double sum[kLanes];
        for (std::size_t i = 0; i < kLanes; ++i) sum[i] = lanes_[i];
        for (std::size_t half = kLanes / 2; half; half /= 2)
            for (std::size_t i = 0; i < half; ++i) sum[i] += sum[i + half];
        return sum[0];
    }
    void close_chunk() {
        chunks_.push_back(lane_tree());
        for (double& lane : lanes_) lane = 0;
        filled_ = 0;
    }

    double lanes_[kLanes] = {};
    std::size_t filled_ = 0;
    std::vector<double> chunks_;
};

} // namespace kudari
