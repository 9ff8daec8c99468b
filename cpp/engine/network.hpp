// One net: its parameters, its plan and its objective, and the loops over steps and batches.
#pragma once

#include <memory>
#include <vector>

#include "engine/columns_phase.hpp"
#include "engine/context.hpp"
#include "engine/rows_phase.hpp"
#include "engine/totals.hpp"

namespace kudari {

template <class T> struct TrainRequest {
    Selection order; // the epoch's rows, of which [position, end) are still to come
    std::size_t position, end;
    std::size_t batch_size, steps;
    const T* scalars; // (steps, scalars of the optimizer)
    std::size_t scalar_count;
    RandomKey key; // of the first step
    double seconds;
};

template <class T> class Network {
  public:
    Network(std::size_t input_size, const std::vector<LayerSpec>& layers)
        : input_size_(input_size), parameters_(input_size, layers),
          plan_(make_plan(input_size, layers)), strips_(make_strips<T>(plan_, parameters_)) {}

    std::size_t input_size() const { return input_size_; }
    std::size_t output_size() const { return plan_.output_size(); }
    Parameters<T>& parameters() { return parameters_; }
    const Objective* objective() const { return objective_.get(); }
    Labels labels();
    // A change of the number of slots starts them afresh.
    void compile(const Objective& objective);

    // Steps done: fewer than asked for when the seconds are over or the rows at an end.
    std::size_t train(const Rows& rows, const TrainRequest<T>& request, Totals& totals);
    // Rows done of [first, first + count).
    std::size_t evaluate(const Rows& rows, std::size_t first, std::size_t count,
                         std::size_t batch_size, Totals& totals, double seconds);
    std::size_t predict(const Rows& rows, std::size_t first, std::size_t count, T* out,
                        double seconds);

  private:
    Context<T> context(std::size_t rows, bool training);
    void add_totals(const Context<T>& context, std::size_t first, std::size_t rows, T factor,
                    Totals& totals);
    // Threads for `rows` rows of a step (forward, backward and update) or of a forward pass.
    int threads_for(std::size_t rows, bool training) const;

    std::size_t input_size_;
    Parameters<T> parameters_;
    Plan plan_;
    std::vector<Strip> strips_;
    std::unique_ptr<Objective> objective_;
    std::unique_ptr<Workspace<T>> training_, inference_;
};

} // namespace kudari
