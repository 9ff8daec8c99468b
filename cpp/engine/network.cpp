#include "engine/network.hpp"

#include <algorithm>
#include <chrono>

#include "engine/team.hpp"
#include "isa/isa.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

namespace {

// Rows that evaluate and predict take at once; their workspace holds no more.
constexpr std::size_t kInferenceRows = 1024;
// Rows go to threads by whole tiles of the matrix product, of any instruction set.
constexpr std::size_t kRowGrain = 8;
// Multiplications that are worth a thread. Each thread reads in the rows phase what the others have
// updated: below this, moving those cache lines takes longer than the work (100-64-32-1 at 32 rows:
// 12 us alone, 39 us on two).
constexpr std::size_t kWorkPerThread = 12000000;

class Deadline {
  public:
    explicit Deadline(double seconds) : seconds_(seconds) {}
    bool over() const {
        return std::chrono::duration<double>(Clock::now() - start_).count() >= seconds_;
    }

  private:
    using Clock = std::chrono::steady_clock;
    double seconds_; // infinity: never
    Clock::time_point start_ = Clock::now();
};

} // namespace

template <class T> void Network<T>::compile(const Objective& objective) {
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

template <class T> int Network<T>::threads_for(std::size_t rows, bool training) const {
    std::size_t weights = 0;
    for (const DenseWeights& d : parameters_.dense()) weights += d.kernel_size();
    const std::size_t multiplications = weights * rows * (training ? 3 : 1);
    const std::size_t worth = std::max<std::size_t>(1, multiplications / kWorkPerThread);
    return int(std::min<std::size_t>(worth, std::size_t(std::max(1, thread_limit()))));
}

template <class T>
void Network<T>::add_totals(const Context<T>& context, std::size_t first, std::size_t rows,
                            T factor, Totals& totals) {
    totals.add(0, context.work.row_values(0) + first, rows, factor);
    for (std::size_t v = 1; v < totals.count(); ++v)
        totals.add(v, context.work.row_values(v) + first, rows, T(1));
    totals.add_rows(rows);
}

template <class T>
std::size_t Network<T>::train(const Rows& rows, const TrainRequest<T>& request, Totals& totals) {
    const Deadline deadline(request.seconds);
    const std::size_t most = std::min(request.batch_size, request.end - request.position);
    const Context<T> c = context(most, true);
    const int wanted = threads_for(most, true);
    // Made before the team starts: a worker could not report that there is no memory.
    std::vector<ColumnsPhase<T>> columns_phases;
    for (int rank = 0; rank < wanted; ++rank) columns_phases.emplace_back(c, strips_);
    Barrier barrier;
    std::size_t steps = 0;
    bool over = false; // written by rank 0 alone, between the barriers
    run_on_team(wanted, [&](int rank, int threads) {
        const DefaultFloatEnvironment environment;
        RowsPhase<T> rows_phase(c, rows);
        ColumnsPhase<T>& columns_phase = columns_phases[std::size_t(rank)];
        const Share strips = strips_of(strips_, rank, threads);
        std::size_t position = request.position;
        for (std::size_t step = 0; step < request.steps && position < request.end && !over;) {
            const std::size_t count = std::min(request.batch_size, request.end - position);
            const Selection batch = advance(request.order, position);
            const Scaling<T> scale = rows_phase.scaling(batch, count);
            rows_phase.train(batch, share_of(count, kRowGrain, rank, threads), scale.gradient,
                             {request.key.seed, request.key.step + step});
            barrier.wait(threads);
            columns_phase.run(strips, count, request.scalars + step * request.scalar_count);
            position += count;
            ++step;
            if (rank == 0) {
                add_totals(c, 0, count, scale.total, totals);
                steps = step;
                over = deadline.over();
            }
            barrier.wait(threads);
        }
    });
    return steps;
}

template <class T>
std::size_t Network<T>::evaluate(const Rows& rows, std::size_t first, std::size_t count,
                                 std::size_t batch_size, Totals& totals, double seconds) {
    const Deadline deadline(seconds);
    // Whole batches, as many as fit the rows taken at once.
    const std::size_t batch = std::min(batch_size, count);
    const std::size_t most =
        std::max<std::size_t>(1, kInferenceRows / std::max<std::size_t>(batch, 1)) * batch;
    const Context<T> c = context(most, false);
    std::size_t done = 0;
    while (done < count) {
        const std::size_t part = std::min(most, count - done);
        const Selection selection{nullptr, first + done};
        run_on_team(threads_for(part, false), [&](int rank, int threads) {
            const DefaultFloatEnvironment environment;
            RowsPhase<T>(c, rows).evaluate(selection, share_of(part, kRowGrain, rank, threads));
        });
        for (std::size_t at = 0; at < part; at += batch) {
            const std::size_t size = std::min(batch, part - at);
            const Scaling<T> scale = RowsPhase<T>(c, rows).scaling(advance(selection, at), size);
            add_totals(c, at, size, scale.total, totals);
        }
        done += part;
        if (deadline.over()) break;
    }
    return done;
}

template <class T>
std::size_t Network<T>::predict(const Rows& rows, std::size_t first, std::size_t count, T* out,
                                double seconds) {
    const Deadline deadline(seconds);
    const Context<T> c = context(std::min(kInferenceRows, count), false);
    const std::size_t width = output_size();
    std::size_t done = 0;
    while (done < count) {
        const std::size_t part = std::min(kInferenceRows, count - done);
        run_on_team(threads_for(part, false), [&](int rank, int threads) {
            const DefaultFloatEnvironment environment;
            const Share share = share_of(part, kRowGrain, rank, threads);
            RowsPhase<T>(c, rows).predict({nullptr, first + done}, share);
            std::copy_n(c.work.stage(plan_.output(), share.first).data,
                        (share.end - share.first) * width, out + (done + share.first) * width);
        });
        done += part;
        if (deadline.over()) break;
    }
    return done;
}

template class Network<float>;
template class Network<double>;

} // namespace kudari
