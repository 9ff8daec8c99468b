#include "engine/layers_phase.hpp"

#include <algorithm>

namespace kudari {

namespace {

// Of the (panels, tiles of rows) of `columns` columns, panel after panel, the part of thread
// `rank`: a panel may be cut between two threads at a tile.
template <class T>
std::vector<Region> panels_of(std::size_t columns, std::size_t rows, int rank, int threads) {
    const std::size_t tiles = (rows + kRowGrain - 1) / kRowGrain;
    const std::size_t half = kPanelWidth<T> / 2; // the narrowest that costs less
    const std::size_t total = (columns + half - 1) / half * tiles;
    const auto end_of = [&](int r) { return total * std::size_t(r) / std::size_t(threads); };
    const std::size_t from = end_of(rank), to = end_of(rank + 1);
    std::vector<Region> out;
    for (std::size_t column = 0, before = 0; column < columns; column += kPanelWidth<T>) {
        const std::size_t width = std::min(kPanelWidth<T>, columns - column);
        const std::size_t cost = (width + half - 1) / half;
        const auto row_at = [&](std::size_t work) {
            const std::size_t tile = work > before ? (work - before) / cost : 0;
            return std::min(rows, std::min(tiles, tile) * kRowGrain);
        };
        const std::size_t first = row_at(from), end = row_at(to);
        before += cost * tiles;
        if (first >= end) continue;
        const bool joins =
            !out.empty() && out.back().row == first && out.back().rows == end - first;
        if (joins)
            out.back().columns += width;
        else
            out.push_back({first, end - first, column, width});
    }
    return out;
}

} // namespace

template <class T> void LayersPhase<T>::make_tasks() {
    const Context<T>& c = passes_.context();
    tasks_.push_back({false, true, 0, {}, true});
    for (std::size_t i = 0; i < c.forward_ops(); ++i) add(i, true);
    if (tasks_.back().by_panels) tasks_.push_back({false, true, 0, {}});
    tasks_.back().ends_in_loss = true;
    for (std::size_t i = c.loss_ops(); i-- > c.first_trained() + 1;) add(i, false);
}

// To the last task where the operation needs no more than the thread has made itself.
template <class T> void LayersPhase<T>::add(std::size_t op, bool forward) {
    const Context<T>& c = passes_.context();
    const Op& o = c.plan.ops[op];
    const std::size_t columns = c.plan.stages[forward ? o.out : o.in].width;
    const bool dense = o.kind == LayerKind::dense;
    const bool elementwise =
        o.kind == LayerKind::activation && !c.kernels.activations.entries[o.index].rowwise;
    const bool by_panels =
        dense ? columns > kPanelWidth<T> : elementwise && tasks_.back().by_panels;
    const bool joins = by_panels ? !dense : !tasks_.back().by_panels;
    if (!joins || tasks_.back().forward != forward)
        tasks_.push_back({by_panels, forward, columns, {}});
    tasks_.back().ops.push_back(op);
}

template <class T> void LayersPhase<T>::divide(std::size_t count, int rank, int threads) {
    if (count == count_ && threads == threads_) return;
    count_ = count;
    threads_ = threads;
    const Share rows = share_of(count, kRowGrain, rank, threads);
    for (Task& task : tasks_)
        task.regions = task.by_panels
                           ? panels_of<T>(task.columns, count, rank, threads)
                           : std::vector<Region>{{rows.first, rows.end - rows.first, 0, 0}};
}

template <class T> void LayersPhase<T>::run_ops(const Task& task, Region r, const RandomKey& key) {
    const Plan& plan = passes_.context().plan;
    for (const std::size_t op : task.ops) {
        if (!task.by_panels)
            r.columns = plan.stages[task.forward ? plan.ops[op].out : plan.ops[op].in].width;
        if (task.forward)
            passes_.forward(op, r, &key);
        else
            passes_.backward(op, r);
    }
}

template <class T> void LayersPhase<T>::run(const Task& task, Region r, const Batch& batch) {
    if (task.loads) {
        passes_.load_input(batch.selection, r.row, r.rows);
        passes_.load_targets(batch.selection, {r.row, r.row + r.rows});
    }
    // A block of rows meets all panels of a layer, and then its activation, in the second cache.
    const Plan& plan = passes_.context().plan;
    const bool in_blocks = task.by_panels && task.forward;
    const std::size_t block =
        in_blocks ? block_rows<T>(plan.stages[plan.ops[task.ops.front()].in].width) : r.rows;
    for (std::size_t i = 0; i < r.rows; i += block)
        run_ops(task, {r.row + i, std::min(block, r.rows - i), r.column, r.columns}, batch.key);
    if (task.ends_in_loss) {
        passes_.loss(r.row, r.rows, &batch.gradient_scale);
        passes_.metrics(r.row, r.rows);
    }
}

template <class T>
void LayersPhase<T>::train(const Batch& batch, std::size_t count, int rank, int threads) {
    divide(count, rank, threads);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
        for (const Region& region : tasks_[t].regions)
            if (region.rows > 0) run(tasks_[t], region, batch);
        // Two tasks on the same rows need no meeting between them.
        const bool goes_on =
            t + 1 < tasks_.size() && !tasks_[t].by_panels && !tasks_[t + 1].by_panels;
        if (!goes_on) barrier_.wait(threads);
    }
}

template class LayersPhase<float>;
template class LayersPhase<double>;

} // namespace kudari
