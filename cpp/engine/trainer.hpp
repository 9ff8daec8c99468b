// The loop over the steps of an epoch, on a team of threads.
#pragma once

#include <atomic>
#include <deque>
#include <optional>

#include "engine/columns_phase.hpp"
#include "engine/faults.hpp"
#include "engine/layers_phase.hpp"
#include "engine/pace.hpp"
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
    bool watch; // whether a step is refused in which a number is not finite
};

// Adds the loss and the metrics of `rows` rows to `totals`, the loss times `factor`.
template <class T>
void add_totals(const Context<T>& context, std::size_t first, std::size_t rows, T factor,
                Totals& totals);

template <class T> class Trainer {
  public:
    // For batches of at most `batch` rows on at most `threads` threads.
    Trainer(Context<T> context, std::size_t batch, int threads);

    bool serves(const Context<T>& context, std::size_t batch, int threads) const {
        return &context.kernels == &c_.kernels && &context.work == &c_.work && batch == batch_ &&
               threads == threads_;
    }
    // Steps done: fewer than asked for when the seconds are over, the rows at an end, or a step was
    // refused.
    std::size_t train(const Rows& rows, const TrainRequest<T>& request, Totals& totals);
    // Of the step that the last call refused.
    const std::optional<Fault>& fault() const { return fault_; }

  private:
    // What one thread works with.
    struct Worker {
        Worker(const Context<T>& c, Barrier& barrier, std::size_t gradients)
            : passes(c, true), rows(passes), layers(passes, barrier), columns(c, gradients) {}
        Passes<T> passes;
        RowsPhase<T> rows;
        LayersPhase<T> layers;
        ColumnsPhase<T> columns;
    };
    // Where a run of steps stands. Rank 0 writes it, between the barriers, on a line of its own.
    struct alignas(64) Progress {
        std::size_t position, step;
        bool over;
    };
    void run(Way way, std::size_t steps, const TrainRequest<T>& request, Progress& progress,
             Totals& totals, double until);
    Scaling<T> step(Worker& worker, bool by_layers, Selection batch, std::size_t count,
                    RandomKey key, int rank, int threads);

    Context<T> c_;
    std::size_t batch_;
    int threads_;
    Pace pace_;
    std::vector<ThreadBlocks> blocks_; // on one thread, and on all
    Barrier barrier_;
    std::deque<Worker> workers_;
    std::optional<Fault> fault_;
    alignas(64) std::atomic<bool> alarm_{false}; // written once, read by all in every step
};

} // namespace kudari
