#include "engine/network.hpp"

#include <algorithm>
#include <chrono>

#include "isa/isa.hpp"
#include "simd/float_environment.hpp"

namespace kudari {

namespace {

// Rows that predict takes at once; its workspace holds no more.
constexpr std::size_t kPredictRows = 256;

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

template <class T>
void Network<T>::add_totals(Context<T>& context, std::size_t rows, T factor, Totals& totals) {
    totals.add(0, context.work.row_values(0), rows, factor);
    for (std::size_t v = 1; v < totals.count(); ++v)
        totals.add(v, context.work.row_values(v), rows, T(1));
    totals.add_rows(rows);
}

template <class T>
std::size_t Network<T>::train(const Rows& rows, const TrainRequest<T>& request, Totals& totals) {
    const DefaultFloatEnvironment environment;
    const Deadline deadline(request.seconds);
    const std::size_t most = std::min(request.batch_size, request.end - request.position);
    Context<T> c = context(most, true);
    RowsPhase<T> rows_phase(c, rows);
    ColumnsPhase<T> columns_phase(c);
    std::size_t position = request.position, step = 0;
    while (step < request.steps && position < request.end) {
        const std::size_t count = std::min(request.batch_size, request.end - position);
        const Selection& order = request.order;
        const Selection batch{order.order ? order.order + position : nullptr,
                              order.first + position};
        const Scaling<T> scale =
            rows_phase.train(batch, count, {request.key.seed, request.key.step + step});
        columns_phase.run(count, request.scalars + step * request.scalar_count);
        add_totals(c, count, scale.total, totals);
        position += count;
        ++step;
        if (deadline.over()) break;
    }
    return step;
}

template <class T>
std::size_t Network<T>::evaluate(const Rows& rows, std::size_t first, std::size_t count,
                                 std::size_t batch_size, Totals& totals, double seconds) {
    const DefaultFloatEnvironment environment;
    const Deadline deadline(seconds);
    Context<T> c = context(std::min(batch_size, count), false);
    RowsPhase<T> rows_phase(c, rows);
    std::size_t done = 0;
    while (done < count) {
        const std::size_t batch = std::min(batch_size, count - done);
        const Scaling<T> scale = rows_phase.evaluate({nullptr, first + done}, batch);
        add_totals(c, batch, scale.total, totals);
        done += batch;
        if (deadline.over()) break;
    }
    return done;
}

template <class T>
std::size_t Network<T>::predict(const Rows& rows, std::size_t first, std::size_t count, T* out,
                                double seconds) {
    const DefaultFloatEnvironment environment;
    const Deadline deadline(seconds);
    Context<T> c = context(std::min(kPredictRows, count), false);
    RowsPhase<T> rows_phase(c, rows);
    const std::size_t width = output_size();
    std::size_t done = 0;
    while (done < count) {
        const std::size_t block = std::min(kPredictRows, count - done);
        rows_phase.predict({nullptr, first + done}, block);
        std::copy_n(c.work.stage(plan_.output()).data, block * width, out + done * width);
        done += block;
        if (deadline.over()) break;
    }
    return done;
}

template class Network<float>;
template class Network<double>;

} // namespace kudari
