// A net as a flat list of operations between stages. Stage 0 is the input; a stage holds one value
// per row and unit. Elementwise activations inside the net work in place, so they add no stage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/parameters.hpp"

namespace kudari {

struct Op {
    LayerKind kind;
    std::size_t in, out;      // stages
    std::size_t index = 0;    // dense: which of the dense layers; activation: its row in the table
    double rate = 0;          // dropout
    std::uint32_t stream = 0; // dropout
    std::optional<std::uint64_t> seed{}; // dropout
};

struct Stage {
    std::size_t width;
    bool contiguous; // rows follow each other without padding: what the loss and the caller read
};

struct Plan {
    std::vector<Op> ops;
    std::vector<Stage> stages;
    std::size_t logits; // the stage before a last activation, else the output
    std::size_t output() const { return stages.size() - 1; }
    std::size_t output_size() const { return stages.back().width; }
    std::size_t widest() const; // of all stages
    // The operations before this one lead from the input to `stage`.
    std::size_t ops_until(std::size_t stage) const;
    // The first operation whose output's gradient is needed: the first trainable dense layer.
    std::size_t first_trained(const std::vector<DenseWeights>& dense) const;
};

Plan make_plan(std::size_t input_size, const std::vector<LayerSpec>& layers);

} // namespace kudari
