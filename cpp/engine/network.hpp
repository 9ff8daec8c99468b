// One net: its parameters, its plan and its objective, and the loops over steps and batches.
#pragma once

#include <memory>
#include <vector>

#include "engine/trainer.hpp"

namespace kudari {

template <class T> class Network {
  public:
    Network(std::size_t input_size, const std::vector<LayerSpec>& layers)
        : input_size_(input_size), parameters_(input_size, layers),
          plan_(make_plan(input_size, layers)) {}

    std::size_t input_size() const { return input_size_; }
    std::size_t output_size() const { return plan_.output_size(); }
    Parameters<T>& parameters() { return parameters_; }
    const Objective* objective() const { return objective_.get(); }
    Labels labels();
    // A change of the number of slots starts them afresh.
    void compile(const Objective& objective);

    // Steps done: fewer than asked for when the seconds are over, the rows at an end, or a step was
    // refused.
    std::size_t train(const Rows& rows, const TrainRequest<T>& request, Totals& totals);
    // Of the step that the last call of train refused.
    std::optional<Fault> fault() const { return trainer_ ? trainer_->fault() : std::nullopt; }
    // Whether all parameters and slots are.
    bool finite();
    // Rows done of [first, first + count).
    std::size_t evaluate(const Rows& rows, std::size_t first, std::size_t count,
                         std::size_t batch_size, Totals& totals, double seconds);
    std::size_t predict(const Rows& rows, std::size_t first, std::size_t count, T* out,
                        double seconds);

  private:
    Context<T> context(std::size_t rows, bool training);
    // Threads for the forward pass of `rows` rows.
    int threads_for(std::size_t rows) const;

    std::size_t input_size_;
    Parameters<T> parameters_;
    Plan plan_;
    std::unique_ptr<Objective> objective_;
    std::unique_ptr<Workspace<T>> training_, inference_;
    std::unique_ptr<Trainer<T>> trainer_;
};

} // namespace kudari
