// What both phases of a step work on.
#pragma once

#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "engine/plan.hpp"
#include "engine/rows.hpp"
#include "engine/workspace.hpp"

namespace kudari {

// What a batch's loss is divided by: its rows, nothing, or the sum of its sample weights.
enum class Reduction { rows, none, weights };

// A row of the losses or of the metrics of a kernel table, and its parameter.
struct ValueRef {
    bool is_loss;
    std::size_t index;
    double parameter;
};

struct Objective {
    ValueRef loss;
    bool from_logits; // the loss reads the stage before the last activation
    Reduction reduction;
    std::vector<ValueRef> metrics; // on the output
    std::size_t optimizer;         // a row of the table
};

template <class T> struct Context {
    const KernelTable<T>& kernels;
    Parameters<T>& parameters;
    const Plan& plan;
    const Objective* objective; // null: predict only
    Workspace<T>& work;

    std::size_t loss_stage() const { return objective->from_logits ? plan.logits : plan.output(); }
    // The operations that lead to the stage the loss reads, and those that a training step needs.
    std::size_t loss_ops() const { return plan.ops_until(loss_stage()); }
    std::size_t forward_ops() const {
        return objective->metrics.empty() ? loss_ops() : plan.ops.size();
    }
    // The first operation whose output's gradient is needed.
    std::size_t first_trained() const { return plan.first_trained(parameters.dense()); }
    Labels labels() const {
        const ValueRef& loss = objective->loss;
        return (loss.is_loss ? kernels.losses : kernels.metrics).entries[loss.index].labels;
    }
};

} // namespace kudari
