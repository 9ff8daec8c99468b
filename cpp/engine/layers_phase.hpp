// The rows phase layer by layer: a thread takes its panels of each layer through all rows of the
// batch, and threads meet after each layer. For wide layers: a thread reads only its own part of
// the weights, the part it also updates, and each part once a step.
#pragma once

#include "engine/passes.hpp"
#include "engine/team.hpp"

namespace kudari {

template <class T> class LayersPhase {
  public:
    LayersPhase(Passes<T>& passes, Barrier& barrier) : passes_(passes), barrier_(barrier) {
        make_tasks();
    }

    struct Batch {
        Selection selection;
        T gradient_scale;
        RandomKey key;
    };
    // Thread `rank`'s part of forward, loss, metrics and backward of a batch of `count` rows; every
    // thread has done its part on return.
    void train(const Batch& batch, std::size_t count, int rank, int threads);

  private:
    // Operations that follow each other without a meeting: on a thread's rows, or on its panels of
    // `columns` columns.
    struct Task {
        bool by_panels, forward;
        std::size_t columns;
        std::vector<std::size_t> ops;
        bool loads = false, ends_in_loss = false;
        std::vector<Region> regions{}; // of this thread, for the batch's rows
    };
    void make_tasks();
    void add(std::size_t op, bool forward);
    void divide(std::size_t count, int rank, int threads);
    void run(const Task& task, Region region, const Batch& batch);
    void run_ops(const Task& task, Region region, const RandomKey& key);

    Passes<T>& passes_;
    Barrier& barrier_;
    std::vector<Task> tasks_;
    std::size_t count_ = 0;
    int threads_ = 0;
};

} // namespace kudari
