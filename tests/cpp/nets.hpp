// Nets, data and training runs that need no Python: what the C++ tests share. All numbers come from
// integers, so that they are the same wherever this is compiled.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "engine/network.hpp"
#include "isa/isa.hpp"

namespace kudari::testing {

// FNV-1a over the bytes of numbers. All NaNs count as one: their signs differ between vendors.
class Digest {
  public:
    template <class T> void add(T value) {
        if (value != value) value = std::numeric_limits<T>::quiet_NaN();
        unsigned char bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof(T));
        for (const unsigned char byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3U;
    }
    template <class T> void add(const std::vector<T>& values) {
        for (const T value : values) add(value);
    }
    std::uint64_t value() const { return hash_; }

  private:
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

// Number i of a sequence: a multiple of 2^-23 in [-1, 1). The integers are splitmix64's.
inline double number(std::uint64_t sequence, std::uint64_t i) {
    std::uint64_t z = (sequence << 40) + (i + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return double((z ^ (z >> 31)) >> 40) / 8388608.0 - 1.0;
}

template <class T> std::vector<T> numbers(std::uint64_t sequence, std::size_t count, T scale) {
    std::vector<T> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = T(number(sequence, i)) * scale;
    return out;
}

struct Net {
    std::vector<std::size_t> widths;
    std::string hidden, last; // activations; empty: linear
    double rate = 0;          // of the dropout after the first layer
};

struct Run {
    Net net;
    std::string loss, optimizer;
    bool from_logits = false;
    std::vector<std::string> metrics{};
    std::size_t rows, batch, epochs;
    bool weighted = false; // sample weights, by whose sum a batch's loss is divided
};

template <class E> std::size_t row_of(const List<E>& list, const std::string& name) {
    for (std::size_t i = 0; i < list.count; ++i)
        if (list.entries[i].name == name) return i;
    throw std::invalid_argument("no kernel " + name);
}

template <class T> const KernelTable<T>& any_table() { return baseline::isa().template table<T>(); }

inline LayerSpec dense(std::size_t units) {
    LayerSpec out{};
    out.kind = LayerKind::dense;
    out.units = units;
    return out;
}

inline LayerSpec activation(const std::string& name) {
    LayerSpec out{};
    out.kind = LayerKind::activation;
    out.activation = name;
    return out;
}

inline LayerSpec dropout(double rate) {
    LayerSpec out{};
    out.kind = LayerKind::dropout;
    out.rate = rate;
    return out;
}

inline std::vector<LayerSpec> layers_of(const Net& net) {
    std::vector<LayerSpec> out;
    for (std::size_t i = 1; i < net.widths.size(); ++i) {
        out.push_back(dense(net.widths[i]));
        const std::string& name = i + 1 == net.widths.size() ? net.last : net.hidden;
        if (!name.empty()) out.push_back(activation(name));
        if (i == 1 && net.rate > 0) out.push_back(dropout(net.rate));
    }
    return out;
}

// The scalars of `steps` steps, as the kernels' headers list them.
template <class T> std::vector<T> scalars_of(const std::string& optimizer, std::size_t steps) {
    std::vector<T> out;
    for (std::size_t step = 0; step < steps; ++step) {
        const T rate = T(1) / T(64 + step);
        std::vector<T> row{rate};
        if (optimizer == "momentum" || optimizer == "nesterov") row.push_back(T(0.875));
        if (optimizer.starts_with("rmsprop")) row.insert(row.end(), {T(0.875), T(0.125), T(1e-7)});
        if (optimizer.starts_with("rmsprop") && optimizer.ends_with("momentum"))
            row.push_back(T(0.75));
        if (optimizer == "adam" || optimizer == "amsgrad")
            row.insert(row.end(), {T(0.125), T(0.0078125), T(1e-7)});
        out.insert(out.end(), row.begin(), row.end());
    }
    return out;
}

template <class T> class Training {
  public:
    explicit Training(const Run& run)
        : run_(run), net_(run.net.widths.front(), layers_of(run.net)) {
        const KernelTable<T>& table = any_table<T>();
        Objective objective{{true, row_of(table.losses, run.loss), 0.5},
                            run.from_logits,
                            run.weighted ? Reduction::weights : Reduction::rows,
                            {},
                            row_of(table.optimizers, run.optimizer)};
        for (const std::string& name : run.metrics)
            objective.metrics.push_back({false, row_of(table.metrics, name), 0.5});
        net_.compile(objective);
        set_weights();
        make_data();
    }

    // Trains all epochs, the rows in another order in each, and the last batch of each short.
    void train() {
        const std::size_t steps = (run_.rows + run_.batch - 1) / run_.batch;
        const std::vector<T> scalars = scalars_of<T>(run_.optimizer, steps * run_.epochs);
        const std::size_t count = scalars.size() / (steps * run_.epochs);
        for (std::size_t epoch = 0; epoch < run_.epochs; ++epoch) {
            const std::vector<std::int64_t> order = order_of(epoch);
            Totals totals(1 + run_.metrics.size());
            net_.train(rows_,
                       {{order.data(), 0},
                        0,
                        run_.rows,
                        run_.batch,
                        steps,
                        scalars.data() + epoch * steps * count,
                        count,
                        {7, epoch * steps},
                        1e9,
                        true},
                       totals);
            for (const double mean : totals.means()) digest_.add(mean);
        }
    }

    // Of the means of each epoch, the weights, the slots and the predictions.
    std::uint64_t digest() {
        Parameters<T>& p = net_.parameters();
        for (std::size_t w = 0; w < p.weight_count(); ++w) {
            std::vector<T> values(p.ref(w).size());
            p.read_weight(w, values.data());
            digest_.add(values);
            for (std::size_t s = 0; s < p.slot_count(); ++s) {
                p.read_slot(w, s, values.data());
                digest_.add(values);
            }
        }
        std::vector<T> out(run_.rows * net_.output_size());
        net_.predict(rows_, 0, run_.rows, out.data(), 1e9);
        digest_.add(out);
        return digest_.value();
    }

  private:
    void set_weights() {
        Parameters<T>& p = net_.parameters();
        for (std::size_t w = 0; w < p.weight_count(); ++w)
            p.write_weight(w, numbers<T>(100 + w, p.ref(w).size(), T(0.25)).data());
    }

    void make_data() {
        const std::size_t columns = net_.output_size();
        x_ = numbers<T>(1, run_.rows * run_.net.widths.front(), T(1));
        y_.assign(run_.rows * columns, T(0));
        for (std::size_t r = 0; r < run_.rows; ++r) {
            const auto label = std::int32_t((number(2, r) + 1) / 2 * double(columns));
            labels_.push_back(label);
            if (run_.net.last == "softmax")
                y_[r * columns + std::size_t(label)] = T(1);
            else
                for (std::size_t j = 0; j < columns; ++j) {
                    const double value = number(3, r * columns + j);
                    y_[r * columns + j] = run_.net.last.empty() ? T(value) : T(value > 0);
                }
        }
        weights_ = numbers<T>(4, run_.rows, T(1));
        for (T& weight : weights_) weight = weight < T(-0.875) ? T(0) : weight * weight;
        rows_.x = x_.data();
        rows_.x_element = kElement<T>;
        rows_.count = run_.rows;
        rows_.features = run_.net.widths.front();
        rows_.y = y_.data();
        rows_.labels = labels_.data();
        rows_.columns = net_.labels() == Labels::sparse ? 0 : columns;
        rows_.weights = run_.weighted ? weights_.data() : nullptr;
    }

    std::vector<std::int64_t> order_of(std::size_t epoch) const {
        std::vector<std::int64_t> order(run_.rows);
        for (std::size_t i = 0; i < run_.rows; ++i) order[i] = std::int64_t(i);
        for (std::size_t i = run_.rows; i-- > 1;) {
            const double fraction = (number(10 + epoch, i) + 1) / 2;
            std::swap(order[i], order[std::size_t(fraction * double(i + 1))]);
        }
        return order;
    }

    Run run_;
    Network<T> net_;
    Rows rows_;
    std::vector<T> x_, y_, weights_;
    std::vector<std::int32_t> labels_;
    Digest digest_;
};

template <class T> std::uint64_t digest_of(const Run& run) {
    Training<T> training(run);
    training.train();
    return training.digest();
}

} // namespace kudari::testing
