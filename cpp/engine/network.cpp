#include "engine/network.hpp"

#include <algorithm>

#include "engine/clock.hpp"
#include "engine/parallel.hpp"
#include "isa/isa.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

namespace {

// Rows that evaluate and predict take at once; their workspace holds no more.
constexpr std::size_t kInferenceRows = 1024;
// Multiplications of a forward pass that are worth a thread: some ten microseconds.
constexpr std::size_t kWorkPerThread = 1'000'000;

} // namespace

template <class T> void Network<T>::compile(const Objective& objective) {
    trainer_.reset();
    training_.reset();
    inference_.reset();
    const auto& table = baseline::isa().template table<T>();
    parameters_.make_slots(std::size_t(table.optimizers.entries[objective.optimizer].slots), false);
    objective_ = std::make_unique<Objective>(objective);
}

template <class T> Labels Network<T>::labels() {
    const auto& losses = baseline::isa().template table<T>().losses;
    return losses.entries[objective_->loss.index].labels;
}

template <class T> Context<T> Network<T>::context(std::size_t rows, bool training) {
    std::unique_ptr<Workspace<T>>& kept = training ? training_ : inference_;
    const std::size_t values = objective_ ? 1 + objective_->metrics.size() : 0;
    if (!kept || kept->capacity() < rows)
        kept = std::make_unique<Workspace<T>>(plan_, rows, training, values);
    return {active_isa().template table<T>(), parameters_, plan_, objective_.get(), *kept};
}

template <class T> int Network<T>::threads_for(std::size_t rows) const {
    const std::size_t worth =
        std::max<std::size_t>(1, parameters_.kernel_values() * rows / kWorkPerThread);
    return int(std::min<std::size_t>(worth, std::size_t(std::max(1, thread_limit()))));
}

template <class T>
std::size_t Network<T>::train(const Rows& rows, const TrainRequest<T>& request, Totals& totals) {
    // A short batch at the end of an epoch is one of its epoch's.
    const std::size_t batch = std::min(request.batch_size, request.end);
    const int threads = std::max(1, thread_limit());
    const Context<T> c = context(batch, true);
    if (!trainer_ || !trainer_->serves(c, batch, threads)) {
        trainer_.reset();
        trainer_ = std::make_unique<Trainer<T>>(c, batch, threads);
    }
    return trainer_->train(rows, request, totals);
}

template <class T> bool Network<T>::finite() {
    const auto all_finite = active_isa().template table<T>().all_finite;
    std::atomic<bool> finite{true};
    const std::size_t size = parameters_.size();
    for_each_share(work_on_values(size), [&](Share share) {
        const std::size_t n = share.end - share.first;
        bool mine = all_finite(parameters_.values() + share.first, n);
        for (std::size_t s = 0; s < parameters_.slot_count(); ++s)
            mine &= all_finite(parameters_.slot(s) + share.first, n);
        if (!mine) finite = false;
    });
    return finite;
}

template <class T>
std::size_t Network<T>::evaluate(const Rows& rows, std::size_t first, std::size_t count,
                                 std::size_t batch_size, Totals& totals, double seconds) {
    const double until = now() + seconds;
    // Whole batches, as many as fit the rows taken at once.
    const std::size_t batch = std::min(batch_size, count);
    const std::size_t most =
        std::max<std::size_t>(1, kInferenceRows / std::max<std::size_t>(batch, 1)) * batch;
    const Context<T> c = context(most, false);
    Passes<T> reader(c, false);
    reader.read(rows);
    std::size_t done = 0;
    while (done < count) {
        const std::size_t part = std::min(most, count - done);
        const Selection selection{nullptr, first + done};
        run_on_team(threads_for(part), [&](int rank, int threads) {
            const DefaultFloatEnvironment environment;
            Passes<T> passes(c, false);
            passes.read(rows);
            RowsPhase<T>(passes).evaluate(selection, share_of(part, kRowGrain, rank, threads));
        });
        for (std::size_t at = 0; at < part; at += batch) {
            const std::size_t size = std::min(batch, part - at);
            const Scaling<T> scale = reader.scaling(advance(selection, at), size);
            add_totals(c, at, size, scale.total, totals);
        }
        done += part;
        if (now() >= until) break;
    }
    return done;
}

template <class T>
std::size_t Network<T>::predict(const Rows& rows, std::size_t first, std::size_t count, T* out,
                                double seconds) {
    const double until = now() + seconds;
    const Context<T> c = context(std::min(kInferenceRows, count), false);
    const std::size_t width = output_size();
    std::size_t done = 0;
    while (done < count) {
        const std::size_t part = std::min(kInferenceRows, count - done);
        run_on_team(threads_for(part), [&](int rank, int threads) {
            const DefaultFloatEnvironment environment;
            const Share share = share_of(part, kRowGrain, rank, threads);
            Passes<T> passes(c, false);
            passes.read(rows);
            RowsPhase<T>(passes).predict({nullptr, first + done}, share);
            std::copy_n(c.work.stage(plan_.output(), share.first).data,
                        (share.end - share.first) * width, out + (done + share.first) * width);
        });
        done += part;
        if (now() >= until) break;
    }
    return done;
}

template class Network<float>;
template class Network<double>;

} // namespace kudari
