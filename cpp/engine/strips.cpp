#include "engine/strips.hpp"

#include <algorithm>

#include "engine/panels.hpp"

namespace kudari {

namespace {

// A panel is cut between threads at a whole cache line of the transposed kernel.
constexpr std::size_t kCutRows = 16;
// A strip by itself: its gradient, parameters and slots fit the first cache together.
constexpr std::size_t kStripRows = 64;

// Work in multiplications: a panel's products come in whole vectors, an update has a fixed cost.
template <class T> std::size_t cost(std::size_t rows, std::size_t width) {
    const std::size_t vectors = width == 1 ? 1 : whole_lines<T>(width);
    return rows ? (rows + 4) * vectors : 2 * width;
}

// A bias, or rows [row, row + rows) of a panel: not yet cut into strips.
using Part = Strip;

template <class T>
std::vector<Part> make_parts(const Plan& plan, const std::vector<DenseWeights>& dense) {
    std::vector<Part> out;
    for (const Op& op : plan.ops) {
        if (op.kind != LayerKind::dense || !dense[op.index].trainable) continue;
        const DenseWeights& d = dense[op.index];
        for_each_panel<T>(d.inner, d.units,
                          [&](std::size_t, std::size_t column, std::size_t width) {
                              out.push_back({&op, 0, d.inner, column, width});
                          });
        if (d.use_bias) out.push_back({&op, 0, 0, 0, d.units});
    }
    return out;
}

// Divides `parts` at every `total * r / threads`, between parts or within a panel.
template <class T>
std::vector<std::vector<Part>> divide(const std::vector<Part>& parts, int threads) {
    std::size_t total = 0, before = 0;
    for (const Part& part : parts) total += cost<T>(part.rows, part.width);
    std::vector<std::vector<Part>> out(static_cast<std::size_t>(threads));
    std::size_t rank = 0;
    for (Part part : parts) {
        const auto share_end = [&] { return total * (rank + 1) / std::size_t(threads); };
        for (;;) {
            const std::size_t all = cost<T>(part.rows, part.width);
            if (before + all <= share_end() || rank + 1 == std::size_t(threads)) break;
            const std::size_t room = share_end() > before ? share_end() - before : 0;
            const std::size_t wanted = part.rows * room / all;
            const std::size_t cut = (wanted + kCutRows / 2) / kCutRows * kCutRows;
            if (cut >= part.rows) break;
            if (cut > 0) {
                out[rank].push_back({part.op, part.row, cut, part.column, part.width});
                before += cost<T>(cut, part.width);
                part.row += cut;
                part.rows -= cut;
            }
            ++rank;
        }
        out[rank].push_back(part);
        before += cost<T>(part.rows, part.width);
        if (before >= share_end() && rank + 1 < std::size_t(threads)) ++rank;
    }
    return out;
}

// Cuts [first, end), the parts of one layer, at multiples of `height` rows: one block each.
void add_blocks(const Part* first, const Part* end, std::size_t height, std::vector<Block>& out) {
    std::size_t bottom = 0;
    for (const Part* part = first; part != end; ++part)
        bottom = std::max(bottom, part->row + part->rows);
    for (std::size_t row = 0; row < bottom; row += height) {
        Block block;
        for (const Part* part = first; part != end; ++part) {
            const std::size_t from = std::max(row, part->row);
            const std::size_t to = std::min(row + height, part->row + part->rows);
            if (from < to) block.push_back({part->op, from, to - from, part->column, part->width});
        }
        if (!block.empty()) out.push_back(block);
    }
}

template <class T> std::vector<Block> in_blocks(const std::vector<Part>& parts, std::size_t batch) {
    std::vector<Block> out;
    const Part* const last = parts.data() + parts.size();
    for (const Part* first = parts.data(); first != last;) {
        if (first->rows == 0) {
            out.push_back({*first++});
            continue;
        }
        const Part* end = first;
        std::size_t width = 0;
        for (; end != last && end->rows && end->op == first->op; ++end) width += end->width;
        if (batch <= kChunkRows) {
            for (; first != end; ++first) add_blocks(first, first + 1, kStripRows, out);
        } else {
            const std::size_t height = kBlockValues / width / kCutRows * kCutRows;
            add_blocks(first, end, std::max(kCutRows, height), out);
            first = end;
        }
    }
    return out;
}

} // namespace

template <class T>
ThreadBlocks make_blocks(const Plan& plan, const std::vector<DenseWeights>& dense,
                         std::size_t batch, int threads) {
    ThreadBlocks out;
    for (const std::vector<Part>& parts : divide<T>(make_parts<T>(plan, dense), threads))
        out.push_back(in_blocks<T>(parts, batch));
    return out;
}

std::size_t largest(const ThreadBlocks& all) {
    std::size_t most = 0;
    for (const std::vector<Block>& blocks : all)
        for (const Block& block : blocks) {
            std::size_t size = 0;
            for (const Strip& strip : block) size += strip.size();
            most = std::max(most, size);
        }
    return most;
}

template ThreadBlocks make_blocks<float>(const Plan&, const std::vector<DenseWeights>&, std::size_t,
                                         int);
template ThreadBlocks make_blocks<double>(const Plan&, const std::vector<DenseWeights>&,
                                          std::size_t, int);

} // namespace kudari
