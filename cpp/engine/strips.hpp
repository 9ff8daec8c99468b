// How the weights are divided among threads, and in which order a thread updates them.
#pragma once

#include <vector>

#include "engine/plan.hpp"

namespace kudari {

// Rows [row, row + rows) of one panel of a kernel, or a whole bias.
struct Strip {
    const Op* op;
    std::size_t row, rows, column, width; // a bias: rows = 0
    std::size_t size() const { return rows ? rows * width : width; }
};

// Strips whose gradients are formed together, and lie one after the other in a buffer.
using Block = std::vector<Strip>;

// The blocks of each thread.
using ThreadBlocks = std::vector<std::vector<Block>>;

// The rows of the batch that a gradient sums at a time: so many rows of a panel's gradients stay in
// the first cache while the strip's tiles pass over them.
inline constexpr std::size_t kChunkRows = 128;
// Values of the gradients of a block: a quarter of the second cache.
inline constexpr std::size_t kBlockValues = 32 * 1024;

// For each of `threads` threads its blocks of the trainable layers, about an equal part of the
// work. A thread's part of a layer is a run of panels, so that it meets the same weights in every
// step. A batch of one chunk is updated strip by strip, each gradient still in the first cache. A
// larger one is formed a block of strips at a time: each chunk of the layer's input is read once a
// block.
template <class T>
ThreadBlocks make_blocks(const Plan& plan, const std::vector<DenseWeights>& dense,
                         std::size_t batch, int threads);

// Values of the largest block.
std::size_t largest(const ThreadBlocks& all);

} // namespace kudari
