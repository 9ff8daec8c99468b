// The sums over rows that fit and evaluate report: the loss, then each metric.
#pragma once

#include <vector>

#include "kernels/chunked_sum.hpp"

namespace kudari {

class Totals {
  public:
    explicit Totals(std::size_t count) : sums_(count) {}
    std::size_t count() const { return sums_.size(); }
    std::size_t rows() const { return rows_; }

    template <class T> void add(std::size_t index, const T* values, std::size_t n, T factor) {
        sums_[index].add(values, n, factor);
    }
    void add_rows(std::size_t n) { rows_ += n; }

    // Each sum divided by the rows; 0 where there are none.
    std::vector<double> means() const {
        std::vector<double> out;
        for (const ChunkedSum& sum : sums_)
            out.push_back(rows_ ? sum.value() / double(rows_) : 0.0);
        return out;
    }

    // The state of each sum, in order.
    std::vector<std::vector<double>> state() const {
        std::vector<std::vector<double>> out;
        for (const ChunkedSum& sum : sums_) out.push_back(sum.state());
        return out;
    }
    void restore(std::size_t rows, const std::vector<std::vector<double>>& state) {
        if (state.size() != sums_.size()) throw std::invalid_argument("expected as many sums");
        for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i].restore(state[i]);
        rows_ = rows;
    }

  private:
    std::vector<ChunkedSum> sums_;
    std::size_t rows_ = 0;
};

} // namespace kudari
