#include "engine/plan.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/isa.hpp"

namespace kudari {

namespace {

const List<ActivationKernel<float>>& activations() { return baseline::isa().float32.activations; }

std::size_t activation_index(const std::string& name) {
    for (std::size_t i = 0; i < activations().count; ++i)
        if (name == activations().entries[i].name) return i;
    throw std::invalid_argument("[Network] expected a known activation; received '" + name +
                                "'. Use relu, sigmoid, tanh or softmax.");
}

// An activation works in place right after a dense layer, whose backward does not read its output;
// not where it reads whole rows, nor where it is the last layer (a loss may want the logits).
bool in_place(const Plan& plan, const Op& op, bool last) {
    return op.kind == LayerKind::activation && !last && !plan.ops.empty() &&
           plan.ops.back().kind == LayerKind::dense && !activations().entries[op.index].rowwise;
}

} // namespace

std::size_t Plan::ops_until(std::size_t stage) const {
    std::size_t n = 0;
    while (n < ops.size() && ops[n].out <= stage) ++n;
    return n;
}

std::size_t Plan::first_trained(const std::vector<DenseWeights>& dense) const {
    for (std::size_t i = 0; i < ops.size(); ++i)
        if (ops[i].kind == LayerKind::dense && dense[ops[i].index].trainable) return i;
    return ops.size();
}

std::size_t Plan::widest() const {
    std::size_t width = 0;
    for (const Stage& stage : stages) width = std::max(width, stage.width);
    return width;
}

Plan make_plan(std::size_t input_size, const std::vector<LayerSpec>& layers) {
    Plan plan;
    plan.stages.push_back({input_size, layers.empty()});
    std::size_t dense_count = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const LayerSpec& layer = layers[i];
        const std::size_t last_stage = plan.stages.size() - 1;
        Op op{layer.kind, last_stage, last_stage};
        std::size_t width = plan.stages.back().width;
        if (layer.kind == LayerKind::dense) {
            op.index = dense_count++;
            width = layer.units;
        } else if (layer.kind == LayerKind::activation) {
            op.index = activation_index(layer.activation);
        } else {
            op.rate = layer.rate;
            op.stream = layer.stream;
            op.seed = layer.seed;
        }
        if (!in_place(plan, op, i + 1 == layers.size())) {
            op.out = plan.stages.size();
            plan.stages.push_back({width, false});
        }
        plan.ops.push_back(op);
    }
    const bool ends_in_activation = !layers.empty() && layers.back().kind == LayerKind::activation;
    plan.logits = ends_in_activation ? plan.ops.back().in : plan.output();
    plan.stages.back().contiguous = true;
    plan.stages[plan.logits].contiguous = true;
    // In inference the stage after a dropout is the stage before it.
    for (std::size_t i = plan.ops.size(); i-- > 0;) {
        const Op& op = plan.ops[i];
        if (op.kind == LayerKind::dropout && plan.stages[op.out].contiguous)
            plan.stages[op.in].contiguous = true;
    }
    return plan;
}

} // namespace kudari
