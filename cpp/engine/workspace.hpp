// The arrays a step works in: the stages of up to `capacity` rows and, for training, their
// gradients.
#pragma once

#include <vector>

#include "engine/buffer.hpp"
#include "engine/plan.hpp"
#include "engine/rows.hpp"

namespace kudari {

// Rows start on cache lines, and not a large power of two apart: those would share a few cache
// sets.
template <class T> std::size_t stage_stride(const Stage& stage) {
    if (stage.contiguous) return stage.width;
    const std::size_t stride = whole_lines<T>(stage.width);
    return stride * sizeof(T) % 1024 ? stride : stride + 64 / sizeof(T);
}

template <class T> class Workspace {
  public:
    Workspace(const Plan& plan, std::size_t capacity, bool training, std::size_t value_count)
        : capacity_(capacity) {
        for (std::size_t s = 0; s < plan.stages.size(); ++s) {
            stages_.push_back(view(plan.stages[s]));
            if (training) grads_.push_back(view(plan.stages[s]));
        }
        for (const Op& op : plan.ops) {
            if (op.kind == LayerKind::dropout && !training) stages_[op.out] = stages_[op.in];
            const bool masked = op.kind == LayerKind::dropout && training;
            masks_.push_back(masked ? allocate(capacity * plan.stages[op.out].width) : nullptr);
        }
        targets_ = allocate(capacity * plan.output_size());
        weights_ = allocate(capacity);
        for (std::size_t v = 0; v < value_count; ++v) row_values_.push_back(allocate(capacity));
        labels_ = Buffer<std::int32_t>(capacity);
    }

    std::size_t capacity() const { return capacity_; }
    // Stages and gradients from row `row` on.
    Strided<T> stage(std::size_t s, std::size_t row = 0) const { return from(stages_[s], row); }
    Strided<T> grad(std::size_t s, std::size_t row = 0) const { return from(grads_[s], row); }
    T* mask(std::size_t op) const { return masks_[op]; }
    T* targets() const { return targets_; }
    T* weights() const { return weights_; }
    std::int32_t* labels() { return labels_.data(); }
    // Per row: 0 the loss, then the metrics.
    T* row_values(std::size_t index) const { return row_values_[index]; }

  private:
    static Strided<T> from(Strided<T> s, std::size_t row) {
        return {s.data + row * s.stride, s.stride};
    }
    T* allocate(std::size_t size) { return buffers_.emplace_back(size).data(); }
    Strided<T> view(const Stage& stage) {
        const std::size_t stride = stage_stride<T>(stage);
        return {allocate(capacity_ * stride), stride};
    }

    std::size_t capacity_;
    std::vector<Buffer<T>> buffers_;
    std::vector<Strided<T>> stages_, grads_;
    std::vector<T*> masks_, row_values_;
    T* targets_;
    T* weights_;
    Buffer<std::int32_t> labels_;
};

} // namespace kudari
