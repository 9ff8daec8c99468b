#include "engine/trainer.hpp"

#include <algorithm>

#include "engine/clock.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

template <class T>
void add_totals(const Context<T>& context, std::size_t first, std::size_t rows, T factor,
                Totals& totals) {
    totals.add(0, context.work.row_values(0) + first, rows, factor);
    for (std::size_t v = 1; v < totals.count(); ++v)
        totals.add(v, context.work.row_values(v) + first, rows, T(1));
    totals.add_rows(rows);
}
template void add_totals(const Context<float>&, std::size_t, std::size_t, float, Totals&);
template void add_totals(const Context<double>&, std::size_t, std::size_t, double, Totals&);

template <class T>
Trainer<T>::Trainer(Context<T> context, std::size_t batch, int threads)
    : c_(context), batch_(batch), threads_(threads),
      // Forward, back to the input, and the weights' gradient.
      pace_(3 * batch * context.parameters.kernel_values(), threads) {
    const int most = pace_.most_threads();
    std::size_t values = 0;
    for (const int parts : {1, most}) {
        blocks_.push_back(make_blocks<T>(c_.plan, c_.parameters.dense(), batch, parts));
        values = std::max(values, largest(blocks_.back()));
    }
    // Made before the team starts: a worker could not report that there is no memory.
    for (int rank = 0; rank < most; ++rank) workers_.emplace_back(c_, barrier_, values);
}

template <class T>
std::size_t Trainer<T>::train(const Rows& rows, const TrainRequest<T>& request, Totals& totals) {
    alarm_ = false;
    fault_.reset();
    for (Worker& worker : workers_) worker.passes.read(rows, request.watch ? &alarm_ : nullptr);
    Progress progress{request.position, 0, false};
    double begun = now();
    const double until = begun + request.seconds;
    while (progress.step < request.steps && progress.position < request.end && !progress.over) {
        const std::size_t before = progress.step;
        run(pace_.way(), std::min(pace_.steps(), request.steps - before), request, progress, totals,
            until);
        const double ended = now();
        if (alarm_) {
            const std::size_t count = std::min(request.batch_size, request.end - progress.position);
            fault_ = find_fault(c_, advance(request.order, progress.position), count);
            break;
        }
        pace_.record(progress.step - before, ended - begun);
        begun = ended;
    }
    return progress.step;
}

template <class T>
void Trainer<T>::run(Way way, std::size_t steps, const TrainRequest<T>& request, Progress& progress,
                     Totals& totals, double until) {
    const ThreadBlocks& blocks = way.threads > 1 ? blocks_.back() : blocks_.front();
    const std::size_t last = progress.step + steps;
    run_on_team(way.threads, [&](int rank, int threads) {
        const DefaultFloatEnvironment environment;
        Worker& worker = workers_[std::size_t(rank)];
        std::size_t position = progress.position, at = progress.step;
        while (at < last && position < request.end && !progress.over) {
            const std::size_t count = std::min(request.batch_size, request.end - position);
            const Selection batch = advance(request.order, position);
            const Scaling<T> scale = step(worker, way.by_layers, batch, count,
                                          {request.key.seed, request.key.step + at}, rank, threads);
            if (alarm_.load(std::memory_order_relaxed)) return; // every thread sees the same
            // A busy team is smaller than was wanted: its threads take the others' blocks too.
            for (std::size_t i = std::size_t(rank); i < blocks.size(); i += std::size_t(threads))
                worker.columns.run(blocks[i], count, request.scalars + at * request.scalar_count);
            position += count;
            ++at;
            if (rank == 0) {
                add_totals(c_, 0, count, scale.total, totals);
                progress = {position, at, now() >= until};
            }
            barrier_.wait(threads);
        }
    });
}

template <class T>
Scaling<T> Trainer<T>::step(Worker& worker, bool by_layers, Selection batch, std::size_t count,
                            RandomKey key, int rank, int threads) {
    const Scaling<T> scale = worker.passes.scaling(batch, count);
    if (by_layers) {
        worker.layers.train({batch, scale.gradient, key}, count, rank, threads);
    } else {
        worker.rows.train(batch, share_of(count, kRowGrain, rank, threads), scale.gradient, key);
        barrier_.wait(threads);
    }
    return scale;
}

template class Trainer<float>;
template class Trainer<double>;

} // namespace kudari
